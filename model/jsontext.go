package model

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// needsEscape reports whether s contains a character that canonical JSON
// escapes: a quote, a backslash or a control character.
func needsEscape(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// appendJSONString appends s as a canonical JSON string.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	plain := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[plain:i]...)
		plain = i + 1
		b = appendJSONEscape(b, c)
	}
	b = append(b, s[plain:]...)
	return append(b, '"')
}

func appendJSONEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\t':
		return append(b, '\\', 't')
	case '\n':
		return append(b, '\\', 'n')
	case '\f':
		return append(b, '\\', 'f')
	case '\r':
		return append(b, '\\', 'r')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// unquoteJSON is the string that a canonical JSON string stands for. It shares
// memory with text unless there are escapes.
func unquoteJSON(text string) string {
	if len(text) < 2 {
		return ""
	}
	s := text[1 : len(text)-1]
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '\\') {
		b = append(b, s[:i]...)
		if i+1 >= len(s) {
			return aliasString(b)
		}
		c, n := s[i+1], i+2
		if c == 'u' && n+4 <= len(s) {
			r, _ := hex4(s[n:])
			b = utf8.AppendRune(b, r)
			n += 4
		} else {
			b = append(b, unescapeByte(c))
		}
		s = s[n:]
	}
	return aliasString(append(b, s...))
}

// unescapeByte is what a backslash and c stand for; 0 if nothing.
func unescapeByte(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'f':
		return '\f'
	case 'r':
		return '\r'
	}
	return 0
}

// hex4 reads the four hexadecimal digits that s begins with.
func hex4(s string) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// appendJSONFloat appends a finite float in its canonical form: the digits of
// an integer that fits int64 or uint64, otherwise as ECMAScript writes numbers.
func appendJSONFloat(b []byte, f float64) []byte {
	if n, exact := floatToInt(f); exact {
		return strconv.AppendInt(b, n, 10)
	}
	if n, exact := floatToUint(f); exact {
		return strconv.AppendUint(b, n, 10)
	}
	if size := math.Abs(f); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// An exponent is written without the leading zero that strconv gives it.
	if n := len(b); b[n-4] == 'e' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// AppendJSON appends the value as JSON: booleans, numbers, strings and JSON as
// themselves; bytes as a string in padded base 64; times as strings in the form
// of RFC 3339, in UTC and as precise as needed; durations as strings such as
// "1m30s"; IDs as strings; NaN, the infinities and [Null] as null.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.Type() {
	case TypeBool:
		return strconv.AppendBool(b, v.n != 0)
	case TypeInt:
		return strconv.AppendInt(b, int64(v.n), 10)
	case TypeUint:
		return strconv.AppendUint(b, v.n, 10)
	case TypeFloat:
		if f := v.Float(); isFinite(f) {
			return appendJSONFloat(b, f)
		}
		return append(b, "null"...)
	case TypeString:
		return appendJSONString(b, v.s)
	case TypeBytes:
		return appendBase64JSON(b, v.s)
	case TypeTime:
		b = v.Time().AppendFormat(append(b, '"'), time.RFC3339Nano)
		return append(b, '"')
	case TypeDuration:
		b = append(append(b, '"'), v.Duration().String()...)
		return append(b, '"')
	case TypeID:
		b, _ = v.ID().AppendText(append(b, '"'))
		return append(b, '"')
	case TypeJSON:
		return append(b, v.s...)
	}
	return append(b, "null"...)
}
