package engines_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage/engines"
)

func TestOpen(t *testing.T) {
	for _, name := range []string{"memory:", "pebble:" + filepath.Join(t.TempDir(), "data")} {
		engine, err := engines.Open(t.Context(), name)
		require.NoError(t, err, name)
		require.NoError(t, engine.Close())
	}
}

func TestNamesOfNoStore(t *testing.T) {
	for _, name := range []string{"", "memory", "memory:x", "pebble", "pebble:", "mysql:x", "/data"} {
		_, err := engines.Open(t.Context(), name)
		var bad *engines.NameError
		require.ErrorAs(t, err, &bad, name)
		require.ErrorContains(t, err, "pebble:DIR")
	}
}
