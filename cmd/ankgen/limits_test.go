package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
)

// TestLimits refuses what a schema would refuse when the program starts.
func TestLimits(t *testing.T) {
	var fields, names, indexes, columns []string
	for i := range model.MaxFields + 1 {
		fields = append(fields, fmt.Sprintf("F%d int", i))
	}
	for i := range model.MaxFormerNames + 1 {
		names = append(names, fmt.Sprintf("renamed-from=old%d", i))
	}
	for i := range model.MaxIndexes + 1 {
		indexes = append(indexes, fmt.Sprintf("//ank:index f%d DESC\n", i))
	}
	for i := range model.MaxIndexColumns + 1 {
		columns = append(columns, fmt.Sprintf("f%d", i))
	}
	for name, c := range map[string]struct{ source, want string }{
		"fields": {
			"//ank:model\ntype Album struct {\n" + strings.Join(fields, "\n") + "\n}\n",
			"album.go:4:6: model Album has 513 fields, at most 512 are possible\n",
		},
		"names": {
			"//ank:model\ntype Album struct { Name string `ank:\"" + strings.Join(names, ",") + "\"` }\n",
			"album.go:4:33: field Name of Album has 17 former names, at most 16 are possible\n",
		},
		"indexes": {
			"//ank:model\n" + strings.Join(indexes, "") + "type Album struct {\n" + strings.Join(fields[:100], "\n") + "\n}\n",
			"album.go:69:6: model Album has 65 indexes, at most 64 are possible\n",
		},
		"columns": {
			"//ank:model\n//ank:index " + strings.Join(columns, ",") + "\ntype Album struct {\n" + strings.Join(fields[:100], "\n") + "\n}\n",
			"album.go:4:1: an index of Album has 17 columns, at most 16 are possible\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, "limits.example")
			put(t, dir, "album.go", []byte("package album\n\n"+c.source))
			code, _, stderr := ankgen(t, dir)
			require.Equal(t, exitWrong, code)
			require.Equal(t, c.want, stderr)
		})
	}
}

// TestIndexName shortens what would be too long, each in its own way.
func TestIndexName(t *testing.T) {
	long := strings.Repeat("release_date_", 6)
	require.Equal(t, "artist_year", indexName("artist_year"))
	require.Len(t, indexName(long), model.MaxName)
	require.True(t, model.ValidName(indexName(long)))
	require.NotEqual(t, indexName(long), indexName(long+"desc"))
}
