package query_test

import (
	"slices"
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
		want := likeRegexp("", pattern, escape).MatchString(s)
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

// TestPatternsThatAlmostMatchEverywhere: a search that begins again at each
// character takes minutes for the last of these.
func TestPatternsThatAlmostMatchEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		same := strings.Repeat(rapid.SampledFrom([]string{"a", "ä", "ab"}).Draw(t, "letters"), rapid.IntRange(100, 3000).Draw(t, "length"))
		middle := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "_", "ä", "aaaaaaaa", "_b__", "aaaa_aaaaaaaaaaaa"}), 1, 40).Draw(t, "pattern")
		pattern := "%" + strings.Join(middle, "") + rapid.SampledFrom([]string{"", "c", "ac_", "_c"}).Draw(t, "end") + "%"
		s := same + rapid.SampledFrom([]string{"", "c", "aac", "🎵cä"}).Draw(t, "tail") + same
		p, err := query.ParsePattern(pattern, 0)
		require.NoError(t, err)
		require.Equal(t, likeRegexp("", pattern, 0).MatchString(s), p.Match(s))
	})
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SliceOfN(rapid.SampledFrom([]rune("bcdä")), 40, 200).Draw(t, "end")
		p, err := query.ParsePattern("%"+strings.Repeat("a", 30)+"_"+string(end)+"%", 0)
		require.NoError(t, err)
		s := strings.Repeat("a", 3000)
		require.True(t, p.Match(s+string(end)))
		i := rapid.IntRange(0, len(end)-1).Draw(t, "changed")
		require.False(t, p.Match(s+string(slices.Delete(slices.Clone(end), i, i+1))+"e"))
		end[i] = 'e'
		require.False(t, p.Match(s+string(end)))
	})
	p, err := query.ParsePattern("%"+strings.Repeat("a_", query.MaxPattern/2-2)+"b%", 0)
	require.NoError(t, err)
	s := strings.Repeat("a", 4<<20)
	require.False(t, p.Match(s))
	require.True(t, p.Match(s+"b"))
}

func TestPatternsAreNotTooLong(t *testing.T) {
	long := query.Where(AlbumName.Like(strings.Repeat("_", query.MaxPattern))).Query()
	_, err := long.Check(album)
	require.NoError(t, err)
	long = query.Where(AlbumName.Like(strings.Repeat("_", query.MaxPattern+1))).Query()
	_, err = long.Check(album)
	require.EqualError(t, err, "query 1:1: a pattern of LIKE has at most 4096 bytes")
}
