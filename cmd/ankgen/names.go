package main

import (
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// lowerFirst is the unexported form of a Go name: httpServer for HTTPServer.
func lowerFirst(name string) string {
	parts := gomodel.Words(name)
	if len(parts) == 0 {
		return name
	}
	first := strings.ToLower(parts[0])
	return first + strings.TrimPrefix(name, name[:min(len(first), len(name))])
}

// spoken is a Go name as it stands in a sentence: "release date", "cover URL".
func spoken(name string) string {
	parts := gomodel.Words(name)
	for i, w := range parts {
		if r := []rune(w); len(r) < 2 || !unicode.IsUpper(r[0]) || !unicode.IsUpper(r[1]) && !unicode.IsDigit(r[1]) {
			parts[i] = strings.ToLower(w)
		}
	}
	return strings.Join(parts, " ")
}

// pluralOf is the English plural of a Go name, by the regular rules only:
// Artist gives Artists, Category gives Categories, Box gives Boxes.
func pluralOf(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, "y") && len(name) > 1 && !strings.ContainsRune("aeiou", rune(lower[len(lower)-2])):
		return name[:len(name)-1] + "ies"
	case hasAnySuffix(lower, "s", "x", "z", "ch", "sh"):
		return name + "es"
	default:
		return name + "s"
	}
}

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(s, suffix) })
}

// article is "an" before a vowel, or a letter that is spelled with one first in
// an acronym like HTTP, and "a" before everything else.
func article(name string) string {
	vowels := "AEIO"
	if acronym := len(name) > 1 && unicode.IsUpper(rune(name[1])); acronym {
		vowels = "AEFHILMNORSX"
	}
	if strings.ContainsRune(vowels, rune(name[0])) {
		return "an"
	}
	return "a"
}

// exported is name with a capital first letter.
func exported(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// isExportedIdentifier tells whether name can be that of an exported variable.
func isExportedIdentifier(name string) bool {
	return token.IsIdentifier(name) && token.IsExported(name)
}

// didYouMean ends a sentence about an unknown name with the nearest known one,
// or with all of them.
func didYouMean(name string, candidates []string) string {
	if c := model.Nearest(name, candidates); c != "" {
		return "did you mean " + c + "?"
	}
	if len(candidates) == 0 {
		return "there is none"
	}
	return "there are " + strings.Join(candidates, ", ")
}
