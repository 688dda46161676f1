package program

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// filled is a store that takes nothing when it is full.
type filled struct {
	storage.Engine
	full bool
}

func (f *filled) Commit(ctx context.Context, b *storage.Batch) error {
	if f.full {
		return storage.ErrFull
	}
	return f.Engine.Commit(ctx, b)
}

// TestAServerThatTakesNoWritesIsNotWell: whoever watches over it may start it again.
func TestAServerThatTakesNoWritesIsNotWell(t *testing.T) {
	engine, err := memory.Open()
	require.NoError(t, err)
	store := &filled{Engine: engine}
	n, err := node.Open(t.Context(), store, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	require.NoError(t, err)
	health := func() int {
		answer := httptest.NewRecorder()
		(&host{node: n, settings: &settings{anonymous: true}}).mux().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health", nil))
		return answer.Code
	}
	require.NoError(t, n.Err())
	require.Equal(t, http.StatusOK, health())
	store.full = true
	err = n.Session("ada").Update(t.Context(), func(tx *node.Tx) error {
		_, err := music.Albums.Create(tx, music.Album{Name: "Parade"})
		return err
	})
	require.ErrorIs(t, err, node.ErrReadOnly)
	require.ErrorIs(t, n.Err(), node.ErrReadOnly)
	require.ErrorIs(t, n.Err(), storage.ErrFull)
	require.Equal(t, http.StatusServiceUnavailable, health())
	require.NoError(t, n.Close(context.Background()))
	require.ErrorIs(t, n.Err(), node.ErrClosed)
	require.NoError(t, engine.Close())
}
