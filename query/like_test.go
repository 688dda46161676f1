package query_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/query"
)

func TestPatternsMatch(t *testing.T) {
	for _, test := range []struct {
		pattern  string
		escape   rune
		yes, not []string
	}{
		{"", 0, []string{""}, []string{"a"}},
		{"abc", 0, []string{"abc"}, []string{"ab", "abcd", "ABC"}},
		{"%", 0, []string{"", "a", "a\nb"}, nil},
		{"a%", 0, []string{"a", "ab"}, []string{"", "ba"}},
		{"%a", 0, []string{"a", "ba", "aa"}, []string{"", "ab"}},
		{"%a%", 0, []string{"a", "bab"}, []string{"", "b"}},
		{"a%b%c", 0, []string{"abc", "a-b-c", "abbcbc"}, []string{"ac", "acb", "abcd"}},
		{"a%a", 0, []string{"aa", "aba"}, []string{"a"}},
		{"_", 0, []string{"a", "ä", "🎵"}, []string{"", "ab"}},
		{"_%_", 0, []string{"ab", "äö", "abc"}, []string{"", "ä"}},
		{"%_", 0, []string{"a", "🎵🎵"}, []string{""}},
		{"a_c%", 0, []string{"abc", "aäcd"}, []string{"ac", "abd"}},
		{"%b_", 0, []string{"ab🎵", "bbb"}, []string{"ab", "b"}},
		{"%a_%b", 0, []string{"axb", "aaxxb", "xaab"}, []string{"ab"}},
		{"a!%b", '!', []string{"a%b"}, []string{"axb", "a!b"}},
		{"a!_!!%", '!', []string{"a_!", "a_!x"}, []string{"ax!"}},
		{"!a", '!', []string{"a"}, []string{"!a"}},
		{"aäb%", 'ä', []string{"ab", "abc"}, []string{"aäb"}},
		{`a\%`, 0, []string{`a\`, `a\b`}, []string{"a%"}},
		{"%%", '%', []string{"%"}, []string{"", "x"}},
	} {
		p, err := query.ParsePattern(test.pattern, test.escape)
		require.NoError(t, err)
		canonical, escape := p.String()
		again, err := query.ParsePattern(canonical, escape)
		require.NoError(t, err)
		require.True(t, p.Equal(again), "%q prints as %q", test.pattern, canonical)
		for _, s := range test.yes {
			require.True(t, p.Match(s), "%q LIKE %q", s, test.pattern)
			require.True(t, again.Match(s))
		}
		for _, s := range test.not {
			require.False(t, p.Match(s), "%q LIKE %q", s, test.pattern)
			require.False(t, again.Match(s))
		}
	}
	require.True(t, query.Pattern{}.Match(""))
	require.False(t, query.Pattern{}.Match("a"))
}

func TestPatternsAgreeWithRegexp(t *testing.T) {
	letters := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ä", "%", "%", "_", "!", `\`}), 0, 10)
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(letters.Draw(t, "pattern"), "")
		escape := rapid.SampledFrom([]rune{0, '!', '\\', 'ä'}).Draw(t, "escape")
		s := strings.Join(letters.Draw(t, "text"), "")
		p, err := query.ParsePattern(pattern, escape)
		if err != nil {
			return
		}
		want := likeRegexp(pattern, escape).MatchString(s)
		require.Equal(t, want, p.Match(s))
		prefix, whole := p.Prefix()
		if want || whole {
			require.Equal(t, want, strings.HasPrefix(s, prefix), "prefix %q", prefix)
		}
		if literal, ok := p.Literal(); ok {
			require.Equal(t, want, s == literal)
		}
		canonical, escape := p.String()
		again, err := query.ParsePattern(canonical, escape)
		require.NoError(t, err)
		require.True(t, p.Equal(again), "prints as %q", canonical)
	})
}
