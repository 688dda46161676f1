package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
	for _, r := range norm.NFKD.String(s) {
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
	return string(norm.NFC.Bytes(b))
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
	// The small letter reads better than the least, if it is one of them.
	small := unicode.ToLower(least)
	for o := unicode.SimpleFold(least); o != least; o = unicode.SimpleFold(o) {
		if o == small {
			return small
		}
	}
	return least
}

// The combining classes of marks that a word is the same word without.
const (
	firstVowelSign, lastVowelSign = 10, 36 // of Hebrew, Arabic and Syriac
	firstAccent                   = 200    // above, below and beside a letter
)

func optional(r rune) bool {
	var b [utf8.UTFMax]byte
	class := norm.NFD.Properties(b[:utf8.EncodeRune(b[:], r)]).CCC()
	return firstVowelSign <= class && class <= lastVowelSign || class >= firstAccent
}

// writtenOut are folded letters that Unicode does not take apart.
var writtenOut = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'ı': "i", 'þ': "th",
}
