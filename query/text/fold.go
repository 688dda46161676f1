package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns a text as its tokens have it. Folding again changes nothing.
func Fold(s string) string {
	ascii, folded := true, true
	for i := range len(s) {
		c := s[i]
		ascii = ascii && c < utf8.RuneSelf
		folded = folded && lower(c) == c
	}
	switch {
	case ascii && folded:
		return s
	case ascii:
		return strings.ToLower(s)
	}
	b := make([]byte, 0, len(s)+8)
	for _, r := range decomposed(s) {
		if r < utf8.RuneSelf {
			b = append(b, lower(byte(r)))
			continue
		}
		if optional(r) {
			continue
		}
		r = FoldRune(r)
		if written, ok := writtenOut[r]; ok {
			b = append(b, written...)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return composed(string(b))
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// FoldRune returns the character that stands for all that differ from r in
// case only: simple case folding, one character for one.
func FoldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower(byte(r)))
	}
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	// The small letter reads better than the least, if it is one of them, and the least
	// may be no letter: a mark below others is an iota to case folding.
	small := unicode.ToLower(unicode.ToUpper(least))
	for o := unicode.SimpleFold(least); o != least; o = unicode.SimpleFold(o) {
		if o == small {
			return small
		}
	}
	return least
}

// marked are the scripts whose marks a word is the same word without: accents, and
// the vowel signs of scripts that leave them to the reader. In others marks are
// letters.
var marked = []*unicode.RangeTable{unicode.Inherited, unicode.Hebrew, unicode.Arabic, unicode.Syriac}

// The marks that make other consonants of kana.
const voiced, halfVoiced = '\u3099', '\u309a'

func optional(r rune) bool {
	return unicode.Is(unicode.Mn, r) && unicode.In(r, marked...) && r != voiced && r != halfVoiced
}

// writtenOut are folded letters that Unicode does not take apart.
var writtenOut = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'ı': "i", 'þ': "th",
}
