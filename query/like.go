package query

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ankgo/ank/query/text"
)

// Pattern is a parsed pattern of LIKE or ILIKE: % stands for any characters, _ for any one
// character, and everything else for itself. The zero Pattern
// matches the empty string.
//
// Matching takes time in proportion to the length of the string. No pattern of
// at most [MaxPattern] bytes makes it much slower.
type Pattern struct {
	// segments are what stands between the % signs, with one for _, which is
	// unambiguous because no value contains U+0000.
	segments []string
	folded   bool // segments are folded, and so is what they are compared with
}

const one = 0

// ParsePattern parses a pattern. A character that follows the escape character
// stands for itself; an escape of zero means that there is none.
func ParsePattern(pattern string, escape rune) (Pattern, error) {
	var p Pattern
	var segment []byte
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && escape != 0 && r == escape:
			escaped = true
			continue
		case escaped, r != '%' && r != '_':
			segment = utf8.AppendRune(segment, r)
		case r == '_':
			segment = append(segment, one)
		case len(segment) > 0 || len(p.segments) == 0:
			p.segments = append(p.segments, string(segment))
			segment = segment[:0]
		}
		escaped = false
	}
	if escaped {
		return p, errors.New("the pattern ends with its escape character")
	}
	p.segments = append(p.segments, string(segment))
	return p, nil
}

// String returns the pattern in its canonical spelling and the escape character
// it uses: a backslash, or zero if it needs none.
func (p Pattern) String() (pattern string, escape rune) {
	for _, s := range p.segments {
		if strings.ContainsAny(s, "%_") {
			escape = '\\'
		}
	}
	var b strings.Builder
	for i, s := range p.segments {
		if i > 0 {
			b.WriteByte('%')
		}
		for _, r := range s {
			switch {
			case r == one:
				r = '_'
			case escape != 0 && (r == '%' || r == '_' || r == escape):
				b.WriteRune(escape)
			}
			b.WriteRune(r)
		}
	}
	return b.String(), escape
}

// Prefix returns the characters that every matching string begins with. whole
// is true if, the other way round, every string that begins with them matches.
func (p Pattern) Prefix() (prefix string, whole bool) {
	if len(p.segments) == 0 || p.folded {
		return "", false
	}
	prefix = p.segments[0]
	if i := strings.IndexByte(prefix, one); i >= 0 {
		return prefix[:i], false
	}
	return prefix, len(p.segments) == 2 && p.segments[1] == ""
}

// Literal returns the one string that the pattern matches, if there are no
// wildcards in it.
func (p Pattern) Literal() (string, bool) {
	switch {
	case p.folded:
		return "", false
	case len(p.segments) == 0:
		return "", true
	case len(p.segments) == 1:
		return p.segments[0], strings.IndexByte(p.segments[0], one) < 0
	}
	return "", false
}

// Equal reports whether two patterns are spelled alike.
func (p Pattern) Equal(o Pattern) bool {
	return p.folded == o.folded && slices.Equal(p.segments, o.segments)
}

// Folded reports whether the pattern is one of ILIKE: it matches whatever the
// case, by simple case folding, in which one character stands for one.
func (p Pattern) Folded() bool { return p.folded }

// fold returns the pattern that matches whatever the case. One without letters
// that have cases stays what it is.
func (p Pattern) fold() Pattern {
	segments := make([]string, len(p.segments))
	for i, s := range p.segments {
		segments[i] = foldCase(s)
		for _, r := range s {
			p.folded = p.folded || unicode.SimpleFold(r) != r
		}
	}
	p.segments = segments
	return p
}

// foldCase returns s without differences of case. It allocates nothing if there
// are no capitals.
func foldCase(s string) string {
	for i, r := range s {
		if text.FoldRune(r) != r {
			b := append(make([]byte, 0, len(s)+utf8.UTFMax), s[:i]...)
			for _, r := range s[i:] {
				b = utf8.AppendRune(b, text.FoldRune(r))
			}
			return string(b)
		}
	}
	return s
}

// Match reports whether the pattern matches the whole of a string.
func (p Pattern) Match(s string) bool {
	if len(p.segments) == 0 {
		return s == ""
	}
	if p.folded {
		s = foldCase(s)
	}
	size, ok := matchSegment(p.segments[0], s)
	if !ok {
		return false
	}
	s = s[size:]
	if len(p.segments) == 1 {
		return s == ""
	}
	// The leftmost place for each segment leaves the most for those after it.
	last := len(p.segments) - 1
	for _, segment := range p.segments[1:last] {
		end := findSegment(segment, s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return matchEnd(p.segments[last], s)
}

// matchSegment reports whether s begins with the segment, and in how many bytes;
// if not, size is how many bytes were alike.
func matchSegment(segment, s string) (size int, ok bool) {
	for i := 0; i < len(segment); i++ {
		switch {
		case size == len(s):
			return size, false
		case segment[i] == one:
			_, n := utf8.DecodeRuneInString(s[size:])
			size += n
		case segment[i] != s[size]:
			return size, false
		default:
			size++
		}
	}
	return size, true
}

// findSegment returns the end of the first place where the segment matches, or -1.
func findSegment(segment, s string) int {
	if strings.IndexByte(segment, one) < 0 {
		i := strings.Index(s, segment)
		if i < 0 {
			return -1
		}
		return i + len(segment)
	}
	// Places where a segment almost matches are rare, but for those who look for
	// trouble: a string of one letter repeated, say.
	const few = 16
	patience := few*len(s) + 1<<10
	for i := range s {
		size, ok := matchSegment(segment, s[i:])
		if ok {
			return i + size
		}
		if patience -= size; patience < 0 {
			end := findAtOnce(segment, s[i:])
			if end < 0 {
				return -1
			}
			return i + end
		}
	}
	return -1
}

// findAtOnce is findSegment in a time that has no bad case, at the price of a
// table: it follows all places where the segment may have begun, one bit each.
func findAtOnce(segment, s string) int {
	takes, anything := places(segment)
	last := utf8.RuneCountInString(segment) - 1
	open := make([]uint64, len(anything)) // bit n: the segment matches up to its character n
	for rest := s; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		allowed, ok := takes[r]
		if !ok {
			allowed = anything
		}
		carry := uint64(1)
		for w, bits := range open {
			open[w] = (bits<<1 | carry) & allowed[w]
			carry = bits >> 63
		}
		if open[last/64]>>(last%64)&1 != 0 {
			return len(s) - len(rest)
		}
	}
	return -1
}

// places returns for each character the places in the segment that take it, and
// those that take any other character.
func places(segment string) (takes map[rune][]uint64, anything []uint64) {
	characters := []rune(segment)
	takes = make(map[rune][]uint64)
	anything = make([]uint64, (len(characters)+63)/64)
	for i, r := range characters {
		if r == one {
			anything[i/64] |= 1 << (i % 64)
		}
	}
	for i, r := range characters {
		if r == one {
			continue
		}
		if takes[r] == nil {
			takes[r] = slices.Clone(anything)
		}
		takes[r][i/64] |= 1 << (i % 64)
	}
	return takes, anything
}

// matchEnd reports whether s ends with the segment.
func matchEnd(segment, s string) bool {
	start := len(s)
	for i := len(segment) - 1; i >= 0; i-- {
		switch {
		case start == 0:
			return false
		case segment[i] == one:
			_, n := utf8.DecodeLastRuneInString(s[:start])
			start -= n
		case segment[i] != s[start-1]:
			return false
		default:
			start--
		}
	}
	return true
}
