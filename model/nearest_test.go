package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	columns := []string{"name", "year", "artist", "released_at", "id", "created", "updated"}
	for _, c := range []struct{ name, want string }{
		{"nmae", "name"},
		{"Name", "name"},
		{"naem", "name"},
		{"yaer", "year"},
		{"artst", "artist"},
		{"artists", "artist"},
		{"releasedAt", "released_at"},
		{"released", "released_at"},
		{"update", "updated"},
		{"ix", "id"},
		{"genre", ""},
		{"x", ""},
		{"", ""},
		{"price", ""},
	} {
		require.Equal(t, c.want, Nearest(c.name, columns), c.name)
	}
	require.Equal(t, "ab", Nearest("ax", []string{"ab", "ac"}), "the first of equals")
	require.Equal(t, "größe", Nearest("größte", []string{"größe"}))
	require.Empty(t, Nearest("name", nil))
}
