package model

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A jsonParser reads JSON and writes it in canonical form as it goes.
type jsonParser struct {
	in     string
	pos    int
	out    []byte
	depth  int
	fields []jsonField // of all objects that are being read, the innermost last
	spare  []byte      // where members are put in order
}

// A jsonField is a member of an object while the object is read.
type jsonField struct {
	key        string
	offset     int // of the key in the input
	start, end int // of key and value in the output
}

// parse reads the whole input.
func (p *jsonParser) parse() error {
	if len(p.in) > MaxValueSize {
		return p.fail(MaxValueSize, "the text is longer than "+strconv.Itoa(MaxValueSize)+" bytes")
	}
	if !utf8.ValidString(p.in) {
		return p.fail(firstInvalid(p.in), "invalid UTF-8")
	}
	p.out = make([]byte, 0, len(p.in))
	p.space()
	if err := p.value(); err != nil {
		return err
	}
	p.space()
	if p.pos < len(p.in) {
		return p.unexpected("the end of the text")
	}
	if len(p.out) > MaxValueSize {
		return p.fail(p.pos, "the canonical text is longer than "+strconv.Itoa(MaxValueSize)+" bytes")
	}
	return nil
}

// firstInvalid is the position of the first byte of s that is not UTF-8.
func firstInvalid(s string) int {
	at := 0
	for at < len(s) {
		r, n := utf8.DecodeRuneInString(s[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

func (p *jsonParser) fail(offset int, reason string) error {
	return &JSONError{Offset: offset, Reason: reason}
}

// unexpected says what stands where something else is needed.
func (p *jsonParser) unexpected(want string) error {
	if p.pos >= len(p.in) {
		return p.fail(p.pos, "the text ends where "+want+" is needed")
	}
	r, _ := utf8.DecodeRuneInString(p.in[p.pos:])
	return p.fail(p.pos, "found "+strconv.QuoteRune(r)+" where "+want+" is needed")
}

// peek is the next byte, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return 0
}

func (p *jsonParser) space() {
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// value reads a value that begins at p.pos.
func (p *jsonParser) value() error {
	switch c := p.peek(); {
	case c == '{':
		return p.nested('}', p.members)
	case c == '[':
		return p.nested(']', p.elements)
	case c == '"':
		_, err := p.string()
		return err
	case c == '-' || isDigit(c):
		return p.number()
	case c == 't':
		return p.word("true")
	case c == 'f':
		return p.word("false")
	case c == 'n':
		return p.word("null")
	}
	return p.unexpected("a value")
}

func (p *jsonParser) word(word string) error {
	if !strings.HasPrefix(p.in[p.pos:], word) {
		return p.fail(p.pos, "unknown word, did you mean "+word+",")
	}
	p.pos += len(word)
	p.out = append(p.out, word...)
	return nil
}

// nested reads an array or object, whose content between the brackets is read
// by content.
func (p *jsonParser) nested(end byte, content func(end byte) error) error {
	if p.depth++; p.depth > MaxJSONDepth {
		return p.fail(p.pos, "more than "+strconv.Itoa(MaxJSONDepth)+" arrays and objects inside each other")
	}
	p.out = append(p.out, p.in[p.pos])
	p.pos++
	p.space()
	if p.peek() != end {
		if err := content(end); err != nil {
			return err
		}
	}
	p.pos++
	p.out = append(p.out, end)
	p.depth--
	return nil
}

// next reads the space and comma between two members or elements, and reports
// false at the end.
func (p *jsonParser) next(end byte) (bool, error) {
	p.space()
	switch p.peek() {
	case end:
		return false, nil
	case ',':
		p.pos++
		p.space()
		return true, nil
	}
	return false, p.unexpected("a comma or " + strconv.QuoteRune(rune(end)))
}

func (p *jsonParser) elements(end byte) error {
	for more := true; more; {
		err := p.value()
		if err != nil {
			return err
		}
		if more, err = p.next(end); err != nil {
			return err
		}
		if more {
			p.out = append(p.out, ',')
		}
	}
	return nil
}

func (p *jsonParser) members(end byte) error {
	outer, first, sorted := len(p.fields), len(p.out), true
	for more := true; more; {
		f := jsonField{offset: p.pos, start: len(p.out)}
		err := p.member(&f)
		if err != nil {
			return err
		}
		if n := len(p.fields); n > outer && p.fields[n-1].key >= f.key {
			sorted = false
		}
		if p.fields == nil {
			p.fields = make([]jsonField, 0, 8)
		}
		p.fields = append(p.fields, f)
		if more, err = p.next(end); err != nil {
			return err
		}
		if more {
			p.out = append(p.out, ',')
		}
	}
	if !sorted {
		if err := p.sort(p.fields[outer:], first); err != nil {
			return err
		}
	}
	p.fields = p.fields[:outer]
	return nil
}

func (p *jsonParser) member(f *jsonField) (err error) {
	if p.peek() != '"' {
		return p.unexpected("a key in quotes")
	}
	if f.key, err = p.string(); err != nil {
		return err
	}
	p.space()
	if p.peek() != ':' {
		return p.unexpected("a colon")
	}
	p.pos++
	p.out = append(p.out, ':')
	p.space()
	if err = p.value(); err != nil {
		return err
	}
	f.end = len(p.out)
	return nil
}

// sort puts the members of an object, which were written from position first,
// in the order of their keys, and finds keys that occur twice.
func (p *jsonParser) sort(fields []jsonField, first int) error {
	slices.SortFunc(fields, func(a, b jsonField) int { return strings.Compare(a.key, b.key) })
	members := p.spare[:0]
	for i, f := range fields {
		if i > 0 {
			if f.key == fields[i-1].key {
				at := max(f.offset, fields[i-1].offset)
				return p.fail(at, "key "+strconv.Quote(f.key)+" occurs twice, the second time")
			}
			members = append(members, ',')
		}
		members = append(members, p.out[f.start:f.end]...)
	}
	copy(p.out[first:], members)
	p.spare = members
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits skips digits and reports how many.
func (p *jsonParser) digits() int {
	start := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	return p.pos - start
}

func (p *jsonParser) number() error {
	start := p.pos
	whole := true
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if p.digits() == 0 {
		return p.unexpected("a digit")
	}
	if p.peek() == '.' {
		whole = false
		p.pos++
		if p.digits() == 0 {
			return p.unexpected("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		whole = false
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if p.digits() == 0 {
			return p.unexpected("a digit")
		}
	}
	return p.writeNumber(start, whole)
}

// writeNumber writes the number that stands between start and p.pos; whole says
// that it is digits only.
func (p *jsonParser) writeNumber(start int, whole bool) error {
	text := p.in[start:p.pos]
	if whole && text != "-0" && len(text) <= len("-9223372036854775808") && fitsInteger(text) {
		p.out = append(p.out, text...)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(f, 0) {
		return p.fail(start, "the number is beyond the range of float64")
	}
	p.out = appendJSONFloat(p.out, f)
	return nil
}

func fitsInteger(text string) bool {
	if len(text) < 19 {
		return true
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return true
	}
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}

// string reads a string, writes it, and returns what it stands for.
func (p *jsonParser) string() (string, error) {
	start := p.pos
	p.pos++
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == '"':
			s := p.in[start+1 : p.pos]
			p.pos++
			p.out = append(p.out, p.in[start:p.pos]...)
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", p.fail(p.pos, "found control character "+strconv.QuoteRune(rune(c))+" in a string")
		}
		p.pos++
	}
	return "", p.unexpected("the end of a string")
}

// escaped reads the rest of a string from its first backslash on.
func (p *jsonParser) escaped(start int) (string, error) {
	s := []byte(p.in[start+1 : p.pos])
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == '"':
			p.pos++
			p.out = appendJSONString(p.out, aliasString(s))
			return aliasString(s), nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			s = utf8.AppendRune(s, r)
		case c < 0x20:
			return "", p.fail(p.pos, "found control character "+strconv.QuoteRune(rune(c))+" in a string")
		default:
			s = append(s, c)
			p.pos++
		}
	}
	return "", p.unexpected("the end of a string")
}

// escape reads a backslash and what belongs to it.
func (p *jsonParser) escape() (rune, error) {
	at := p.pos
	p.pos++
	c := p.peek()
	if c != 'u' {
		r := rune(unescapeByte(c))
		if r == 0 {
			return 0, p.unexpected("one of \"\\/bfnrtu after a backslash")
		}
		p.pos++
		return r, nil
	}
	r, ok := hex4(p.in[p.pos+1:])
	if !ok {
		return 0, p.fail(at, `\u without four hexadecimal digits`)
	}
	p.pos += 5
	switch {
	case r == 0:
		return 0, p.fail(at, "found the character U+0000, which cannot be stored,")
	case r >= 0xdc00 && r < 0xe000:
		return 0, p.fail(at, "the second half of a surrogate pair without the first")
	case r >= 0xd800 && r < 0xdc00:
		return p.surrogate(at, r)
	}
	return r, nil
}

// surrogate reads the second half of the pair that high begins.
func (p *jsonParser) surrogate(at int, high rune) (rune, error) {
	if strings.HasPrefix(p.in[p.pos:], `\u`) {
		if low, ok := hex4(p.in[p.pos+2:]); ok && low >= 0xdc00 && low < 0xe000 {
			p.pos += 6
			return 0x10000 + (high-0xd800)<<10 + (low - 0xdc00), nil
		}
	}
	return 0, p.fail(at, "the first half of a surrogate pair without the second")
}
