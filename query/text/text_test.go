package text_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query/text"
)

func tokens(s string) []string {
	var all []string
	for t := range text.Tokens(s) {
		if t.Position != len(all) {
			panic("positions have a gap")
		}
		all = append(all, t.Text)
	}
	return all
}

func TestTokens(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" -- ... !", nil},
		{"Purple Rain", []string{"purple", "rain"}},
		{"Don't stop, won't", []string{"don't", "stop", "won't"}},
		{"AC/DC 1986 3.14", []string{"ac", "dc", "1986", "3.14"}},
		{"Björk, Mø & Großmütter", []string{"bjork", "mo", "grossmutter"}},
		{"Bjo\u0308rk", []string{"bjork"}}, // decomposed
		{"Sigur Rós: Ágætis byrjun", []string{"sigur", "ros", "agaetis", "byrjun"}},
		{"ﬁne Ⅷ", []string{"fine", "viii"}},
		{"ΟΔΥΣΣΕΥΣ Οδυσσεύς", []string{"οδυσσευσ", "οδυσσευσ"}},
		{"Και ᾳ", []string{"και", "α"}},
		{"東京 tokyo", []string{"東", "京", "tokyo"}},
		{"한국어", []string{"한국어"}},
		{"हिन्दी", []string{"हिन्दी"}},
		{"ガ が", []string{"ガ", "が"}},
		{"שָׁלוֹם", []string{"שלום"}},
		{strings.Repeat("a", 200), []string{strings.Repeat("a", text.MaxToken)}},
	} {
		require.Equal(t, test.want, tokens(test.text), test.text)
	}
}

func TestSearch(t *testing.T) {
	const song = "Purple Rain, by Prince and the Revolution: rain on purple paper"
	for search, want := range map[string]bool{
		"":                           false,
		"   ":                        false,
		"-madonna":                   false,
		"rain":                       true,
		"RAIN purple":                true,
		"rain madonna":               false,
		"rain OR madonna":            true,
		"madonna OR rain":            true,
		"madonna OR rain paper":      true,
		"madonna OR rain pop":        false,
		"or":                         false,
		`"purple rain"`:              true,
		`"rain purple"`:              false,
		`"rain on purple"`:           true,
		`"purple rain`:               true,
		"rain -prince":               false,
		"rain -madonna":              true,
		`rain -"purple paper"`:       false,
		`rain -"paper purple"`:       true,
		"rev*":                       true,
		"rex*":                       false,
		`"the rev"*`:                 true,
		"-":                          false,
		"*":                          false,
		`""`:                         false,
		"rain ! ?":                   true,
		"rain OR":                    true,
		"OR rain":                    true,
		"purple-rain":                true,
		"rain-purple":                false,
		"purple OR OR rain -on":      true,
		"paper\trevolution\npurple ": true,
	} {
		q := text.Parse(search)
		require.Equal(t, want, q.Match(song), search)
		require.Equal(t, want, q.Score(song) > 0, search)
		require.Equal(t, q, text.Parse(q.String()), search)
	}
}

func TestSearchesThatMeanTheSame(t *testing.T) {
	for _, same := range [][]string{
		{"a b", "B a", "a b a", "a b OR b a", `"a" b`, "á B"},
		{"a OR b", "b OR a", "a OR b OR -c"},
		{"a -b", "-b a", "a -b -b"},
		{`"a b"`, "a-b"},
		{"", "-a", "!", "OR"},
	} {
		for _, search := range same {
			require.Equal(t, text.Parse(same[0]).String(), text.Parse(search).String(), search)
		}
	}
}

func TestScoresRankWhatPeopleExpect(t *testing.T) {
	filler := strings.Repeat(" other words", 40)
	for _, test := range []struct{ search, better, worse string }{
		{"rain", "rain", "rain" + filler},
		{"rain", "rain rain" + filler, "rain" + filler},
		{"rain OR purple", "purple rain", "rain rain"},
		{`"purple rain" OR rain`, "purple rain", "rain purple"},
	} {
		q := text.Parse(test.search)
		require.Greater(t, q.Score(test.better), q.Score(test.worse), test.search)
	}
}

func TestSearchesAreBounded(t *testing.T) {
	many := text.Parse(strings.Repeat("a b c d e f g h ", 100_000))
	require.Len(t, many.Alternatives(), 1)
	require.Len(t, many.Alternatives()[0].With, 8)
	q := text.Parse(strings.Repeat("OR a ", 100_000))
	require.Len(t, q.Alternatives(), 1)
	phrase := text.Parse(`"` + strings.Repeat("a ", 1000) + `"`)
	require.Len(t, phrase.Alternatives()[0].With[0].Words, text.MaxTerms)
}

func TestRequiredWords(t *testing.T) {
	word := func(s string) text.Word { return text.Word{Text: s} }
	begin := func(s string) text.Word { return text.Word{Text: s, Prefix: true} }
	for search, want := range map[string]struct {
		words []text.Word
		exact bool
	}{
		"rain":                  {[]text.Word{word("rain")}, true},
		"rain purple Rain":      {[]text.Word{word("purple"), word("rain")}, true},
		`"purple rain"`:         {[]text.Word{word("purple"), word("rain")}, false},
		`"purple rain" rain`:    {[]text.Word{word("purple"), word("rain")}, false},
		"pur*":                  {[]text.Word{begin("pur")}, true},
		"pur* purple":           {[]text.Word{word("purple")}, true},
		"purple pu* pur* r*":    {[]text.Word{word("purple"), begin("r")}, true},
		"pu* pur*":              {[]text.Word{begin("pur")}, true},
		`"purple ra"* rain`:     {[]text.Word{word("purple"), word("rain")}, false},
		`"rain purple ra"*`:     {[]text.Word{word("rain"), word("purple")}, false},
		"rain -purple -\"a b\"": {[]text.Word{word("rain")}, false},
	} {
		q := text.Parse(search)
		require.Len(t, q.Alternatives(), 1)
		words, exact := q.Alternatives()[0].Required()
		require.Equal(t, want.words, words, search)
		require.Equal(t, want.exact, exact, search)
	}
}

// Folding again changes nothing, whatever the character: a token has to be found as it
// is stored.
func TestFoldOfEveryLetter(t *testing.T) {
	for r := rune(0); r < 1<<17; r++ {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) || unicode.In(r, unicode.Han, unicode.Hangul) {
			continue
		}
		s := "0" + string(r)
		folded := text.Fold(s)
		require.Equal(t, folded, text.Fold(folded), "%U", r)
		require.Equal(t, tokens(s), tokens(folded), "%U", r)
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"Purple Rain", `a -b OR "c d"* e`, "½ ﬁ ß İ ǅ", "東京 한국어 हिन्दी", "a\u0300\u0300 \u0300"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, search, s string) {
		s, search = strings.ToValidUTF8(s, ""), strings.ToValidUTF8(search, "")
		folded := text.Fold(s)
		require.Equal(t, folded, text.Fold(folded))
		all := tokens(s)
		require.Equal(t, all, tokens(folded))
		for _, token := range all {
			require.Equal(t, []string{token}, tokens(token))
		}
		q := text.Parse(search)
		require.Equal(t, q.String(), text.Parse(q.String()).String())
		require.Equal(t, q.Match(s), text.Parse(q.String()).Match(s))
		require.Equal(t, q.Match(s), q.Score(s) > 0)
		words := text.Words(s)
		require.Subset(t, all, words)
		require.Subset(t, words, all)
		has := false
		for i := range q.Alternatives() {
			required, exact := q.Alternatives()[i].Required()
			require.NotEmpty(t, required)
			all := true
			for _, w := range required {
				all = all && slices.ContainsFunc(words, func(x string) bool {
					return x == w.Text || w.Prefix && strings.HasPrefix(x, w.Text)
				})
			}
			has = has || all
			require.True(t, !exact || !all || q.Match(s), "the words are said to be all")
		}
		require.True(t, has || !q.Match(s), "a required word is missing")
		if len(all) > 0 && len(all) <= text.MaxTerms {
			require.True(t, text.Parse(`"`+strings.Join(all, " ")+`"`).Match(s))
			require.True(t, slices.Contains(all, all[0]))
		}
	})
}
