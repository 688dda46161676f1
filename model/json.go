package model

import (
	"strconv"
	"strings"
)

// JSON is one JSON value as canonical text: object keys sorted bytewise and
// distinct, no space between tokens, each number and string written in one way
// (FORMAT.md says which). Two JSON values are the same exactly when they are
// equal under ==. A JSON is immutable; the zero JSON is null.
type JSON struct{ text string }

// ParseJSON reads text strictly, as RFC 8259 has it, and makes it canonical.
// Beyond the grammar it refuses: object keys that occur twice, the character
// U+0000, surrogates without their other half, invalid UTF-8, a byte order
// mark, numbers beyond the range of float64, more than [MaxJSONDepth] arrays and
// objects inside each other, and texts longer than [MaxValueSize]. The error is
// a *[JSONError].
//
// Integers keep their digits as long as they fit int64 or uint64; every other
// number becomes the nearest float64.
func ParseJSON(text string) (JSON, error) {
	p := jsonParser{in: text}
	if err := p.parse(); err != nil {
		return JSON{}, err
	}
	switch canonical := aliasString(p.out); canonical {
	case "null":
		return JSON{}, nil
	case text:
		return JSON{text}, nil
	default:
		return JSON{strings.Clone(canonical)}, nil
	}
}

// String is the canonical text; "null" for null.
func (j JSON) String() string {
	if j.text == "" {
		return "null"
	}
	return j.text
}

// IsNull reports whether j is JSON null.
func (j JSON) IsNull() bool { return j.text == "" }

// MarshalJSON returns the canonical text.
func (j JSON) MarshalJSON() ([]byte, error) { return []byte(j.String()), nil }

// UnmarshalJSON sets j to what [ParseJSON] makes of text.
func (j *JSON) UnmarshalJSON(text []byte) error {
	parsed, err := ParseJSON(string(text))
	if err != nil {
		return err
	}
	*j = parsed
	return nil
}

// Value is the JSON as a value: a boolean, a string, or a number ([TypeInt] if
// it fits, else [TypeUint] if it fits, else [TypeFloat]) as a value of that
// type, null as [Null], arrays and objects as TypeJSON.
func (j JSON) Value() Value {
	if j.text == "" {
		return Value{}
	}
	switch j.text[0] {
	case '{', '[':
		return Value{m: uint64(TypeJSON), s: j.text}
	case '"':
		return OfString(unquoteJSON(j.text))
	case 't', 'f':
		return OfBool(j.text[0] == 't')
	}
	return numberValue(j.text)
}

// numberValue reads a canonical number. It never fails: a text that is none
// reads as Null.
func numberValue(text string) Value {
	if strings.IndexByte(text, '.') < 0 && len(text) <= len("-9223372036854775808") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return OfInt(n)
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return OfUint(n)
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return Value{}
	}
	return OfFloat(f)
}

// Path returns the value at path: object keys, or positions in arrays counted
// from 0. It is false when nothing or null is there, which are the same thing.
// With no path it returns the whole, as [JSON.Value] does. The result shares
// memory with j.
func (j JSON) Path(path ...string) (Value, bool) {
	text := j.text
	for _, step := range path {
		text = jsonStep(text, step)
		if text == "" {
			return Value{}, false
		}
	}
	if text == "null" {
		return Value{}, false
	}
	v := JSON{text}.Value()
	return v, !v.IsNull()
}

// jsonStep returns the text of one member or element, "" if there is none. Like
// all that walks canonical text here it stays within a text that is not
// canonical, and finds nothing in it.
func jsonStep(text, step string) string {
	if len(text) < 2 {
		return ""
	}
	switch text[0] {
	case '{':
		return jsonMember(text[1:], step)
	case '[':
		return jsonElement(text[1:], step)
	}
	return ""
}

func jsonMember(rest, key string) string {
	if needsEscape(key) {
		quoted := appendJSONString(nil, key)
		key = string(quoted[1 : len(quoted)-1])
	}
	for len(rest) > 0 && rest[0] == '"' {
		n := jsonStringEnd(rest)
		if n == 0 || n >= len(rest) {
			return ""
		}
		name, value := rest[1:n-1], rest[n+1:]
		end := jsonEnd(value)
		if name == key {
			return value[:end]
		}
		rest = afterComma(value[end:])
	}
	return ""
}

func jsonElement(rest, index string) string {
	at, err := strconv.ParseUint(index, 10, 31)
	if err != nil || index[0] == '+' || len(index) > 1 && index[0] == '0' || rest[0] == ']' {
		return ""
	}
	for ; at > 0 && rest != ""; at-- { // at may be far beyond the end
		rest = afterComma(rest[jsonEnd(rest):])
	}
	return rest[:jsonEnd(rest)]
}

func afterComma(rest string) string {
	if rest == "" || rest[0] != ',' {
		return ""
	}
	return rest[1:]
}

// jsonEnd is the length of the value that text begins with.
func jsonEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !structural[c] {
			continue
		}
		switch c {
		case '{', '[':
			depth++
			continue
		case ',':
			if depth == 0 {
				return i
			}
			continue
		case '"':
			n := jsonStringEnd(text[i:])
			if n == 0 {
				return len(text)
			}
			i += n - 1
		default: // a closing bracket
			if depth == 0 {
				return i
			}
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

// structural are the bytes that jsonEnd stops at.
var structural = [256]bool{'{': true, '}': true, '[': true, ']': true, ',': true, '"': true}

// jsonStringEnd is the length of the string that text begins with, quotes
// included; 0 if it does not end.
func jsonStringEnd(text string) int {
	at := 1
	for {
		n := strings.IndexByte(text[at:], '"')
		if n < 0 {
			return 0
		}
		at += n + 1
		// The quote ends the string unless an odd number of backslashes stands
		// before it.
		slashes := 0
		for text[at-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
	}
}
