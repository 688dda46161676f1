package queryvet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
)

// albums is the schema of the tests of this file.
var albums = model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "year", Type: model.TypeInt, Optional: true},
		{Name: "released", Type: model.TypeTime},
		{Name: "meta", Type: model.TypeJSON},
	},
})

// TestLongQueries: what takes long is given up, not what is wrong with the text.
func TestLongQueries(t *testing.T) {
	for _, text := range []string{
		"year IN (" + strings.Repeat("?, ", 10000) + "'x')",
		strings.Repeat("year = ? OR ", 10000) + "yaer = 1",
		strings.Repeat("year = ? OR ", 10000) + "title > 1",
	} {
		found := newModels().examine(text, albums, arguments{unseen: true}, false)
		require.Len(t, found, 1)
		require.Greater(t, found[0].err.Span.Start, 20000)
		many := arguments{positional: make([]argument, 10001)}
		found = newModels().examine(text, albums, many, false)
		require.Len(t, found, 2, "and the number of arguments")
	}
}

// FuzzExamine looks for a text that makes the analyzer panic, reports something
// outside of the text, or has a fix that is no query.
func FuzzExamine(f *testing.F) {
	for _, text := range []string{
		"year > ? AND title LIKE :name ORDER BY released", "yaer = 5", "meta.x IN (?) LIMIT ?",
		"SELECT year, COUNT(*) GROUP BY year", "live AS OF ?", "released > now() - ? ORDER BY year AFTER ?",
	} {
		f.Add(text, uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, text string, n uint8, groups bool) {
		args := arguments{named: map[string]argument{"name": {samples: texts()}}}
		for i := range n % 8 {
			args.positional = append(args.positional, argument{samples: [][]sample{texts(), ints(), times(), nil}[i%4]})
		}
		for _, found := range newModels().examine(text, albums, args, groups) {
			at := found.err.Span
			require.Equal(t, text, found.err.Text)
			require.True(t, 0 <= at.Start && at.Start <= at.End && at.End <= len(text), "%q %v", text, at)
			if found.fix != "" {
				fixed := text[:at.Start] + found.fix + text[at.End:]
				again := newModels().examine(fixed, albums, args, groups)
				require.False(t, len(again) > 0 && again[0].err.Error() == found.err.Error(), "%q becomes %q", text, fixed)
			}
		}
	})
}
