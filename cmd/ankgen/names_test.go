package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func TestNames(t *testing.T) {
	for name, want := range map[string][4]string{
		"Album":      {"Albums", "album", "album", "an"},
		"Category":   {"Categories", "category", "category", "a"},
		"Day":        {"Days", "day", "day", "a"},
		"Box":        {"Boxes", "box", "box", "a"},
		"Class":      {"Classes", "class", "class", "a"},
		"Match":      {"Matches", "match", "match", "a"},
		"HTTPServer": {"HTTPServers", "httpServer", "HTTP server", "an"},
		"PlayList":   {"PlayLists", "playList", "play list", "a"},
		"CoverURL":   {"CoverURLs", "coverURL", "cover URL", "a"},
		"User":       {"Users", "user", "user", "a"},
		"Y":          {"Ys", "y", "y", "a"},
	} {
		require.Equal(t, want, [4]string{pluralOf(name), lowerFirst(name), spoken(name), article(name)}, name)
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"artist", "year"}
	require.Equal(t, "did you mean year?", didYouMean("yaer", known))
	require.Equal(t, "there are artist, year", didYouMean("x", known))
	require.Equal(t, "there is none", didYouMean("x", nil))
}

// TestReservedNames asks the runtime which names it takes: a getter or setter
// must not hide a method of what it is embedded beside.
func TestReservedNames(t *testing.T) {
	view := reflect.TypeFor[entity.View]()
	for m := range view.Methods() {
		require.Contains(t, reservedNames, m.Name, "a field of that name would hide a method of every view")
	}
	for m := range reflect.TypeFor[*entity.Draft]().Methods() {
		for _, prefix := range []string{"Set", "Clear"} {
			field, ok := strings.CutPrefix(m.Name, prefix)
			require.False(t, ok && field != "", "a field %s would hide %s", field, m.Name)
		}
	}
}

// TestReservedColumns asks the schema and the query language the same.
func TestReservedColumns(t *testing.T) {
	s := model.NewSchema(model.Definition{Model: "Album", Collection: "albums"})
	require.NoError(t, s.Err())
	require.Len(t, s.Names(), len(standardColumns))
	for _, name := range s.Names() {
		require.Contains(t, standardColumns, name)
	}
	for _, word := range sqlWords {
		require.False(t, query.Reserved(word), "%s is listed twice", word)
		require.True(t, isKeyword(word))
	}
	require.True(t, isKeyword("order"))
	require.False(t, isKeyword("year"))
}
