package text

import (
	"iter"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

// Version is that of the tokens. It changes when some text would be cut or
// folded in another way.
const Version = 2

// MaxToken is the greatest number of bytes of a token: of a longer word, its
// beginning counts.
const MaxToken = 128

// Token is a word of a text as it is compared. Its position is the number of
// tokens before it.
type Token struct {
	Text     string
	Position int
}

// Tokens yields the tokens of a text, in order.
func Tokens(s string) iter.Seq[Token] { return cut(Fold(s)) }

// cut yields the tokens of a folded text. They are parts of it.
func cut(folded string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		position := 0
		for w := words.FromString(folded); w.Next(); {
			word := w.Value()
			if !isWord(word) {
				continue
			}
			if len(word) > MaxToken {
				word = beginning(word)
			}
			if !yield(Token{word, position}) {
				return
			}
			position++
		}
	}
}

// beginning returns what counts of a word that is too long: what is a word too.
func beginning(word string) string {
	end := MaxToken
	for !utf8.RuneStart(word[end]) {
		end--
	}
	for w := words.FromString(word[:end]); w.Next(); {
		if isWord(w.Value()) {
			return w.Value()
		}
	}
	return word[:end]
}

// isWord reports whether there is a letter or a digit in what stands between two
// boundaries.
func isWord(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf {
			if c := lower(byte(r)); 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
				return true
			}
		} else if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return true
		}
	}
	return false
}
