//go:build linux

package program_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/node"
)

// sharedStores names new stores that several processes can have, by engine; none where
// there are no servers, of which the engines' own tests tell.
func sharedStores(t testing.TB) map[string]string {
	t.Helper()
	stores := make(map[string]string)
	place := strings.ToLower(rand.Text())
	if dsn := os.Getenv(enginetest.Postgres); dsn != "" {
		name, err := postgresName(dsn, "program_"+place)
		require.NoError(t, err)
		stores["postgres"] = name
	}
	if drivers := os.Getenv(enginetest.TiKV); drivers != "" {
		stores["tikv"] = "tikv://" + drivers + "/program-" + place
	}
	return stores
}

// postgresName makes a store's name of a DSN, which may be one of words and values.
func postgresName(dsn, schema string) (string, error) {
	if strings.Contains(dsn, "://") {
		u, err := url.Parse(dsn)
		if err != nil {
			return "", err
		}
		q := u.Query()
		q.Set("ank_schema", schema)
		u.RawQuery = q.Encode()
		return u.String(), nil
	}
	q := url.Values{"ank_schema": {schema}}
	for _, word := range strings.Fields(dsn) {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return "", fmt.Errorf("%s is no DSN", dsn)
		}
		q.Set(key, value)
	}
	return "postgres://?" + q.Encode(), nil
}

// TestServersShareAStore has two servers over one store, kills one of them again and
// again, and then the other, while clients of both write. What either has acknowledged
// is there once, live queries at both show all of it, and the store is whole.
func TestServersShareAStore(t *testing.T) {
	for engine, store := range sharedStores(t) {
		t.Run(engine, func(t *testing.T) { shareAStore(t, store) })
	}
}

func shareAStore(t *testing.T, store string) {
	servers := []*process{launch(t, "127.0.0.1:0", store), launch(t, "127.0.0.1:0", store)}
	at := func(i int) *node.Node { return client(t, "ws://"+servers[i].address+"/ank", "") }
	var writers []*writer
	for i := range servers {
		writers = append(writers, write(t, at(i), fmt.Sprintf("client %d, album", i)))
	}
	live, err := music.Albums.Query(t.Context(), at(0).Session("local"), "ORDER BY name")
	require.NoError(t, err)
	defer live.Close()
	other, err := music.Albums.Query(t.Context(), at(1).Session("local"), "ORDER BY name")
	require.NoError(t, err)
	defer other.Close()
	for _, victim := range []int{0, 0, 1} {
		some(t, live, live.Items().Len()+20)
		some(t, other, other.Items().Len()+20)
		servers[victim].signal(syscall.SIGKILL)
		require.Equal(t, -1, servers[victim].wait())
		servers[victim] = launch(t, servers[victim].address, store)
	}
	some(t, live, live.Items().Len()+20)
	some(t, other, other.Items().Len()+20)
	accepted := make(map[string]bool)
	for _, w := range writers {
		w.finish(t)
		for name := range w.accepted {
			accepted[name] = true
		}
	}
	for i := range servers {
		stored := make(map[string]bool)
		albums, err := music.Albums.Collect(t.Context(), at(i).Session("local"), "")
		require.NoError(t, err)
		for _, a := range albums {
			require.False(t, stored[a.Name()], "%s is there twice", a.Name())
			stored[a.Name()] = true
		}
		for name := range accepted {
			require.True(t, stored[name], "%s was acknowledged and is not at server %d", name, i)
		}
	}
	for _, s := range servers {
		s.signal(syscall.SIGTERM)
		require.Zero(t, s.wait(), "%s", s.words())
	}
	var out strings.Builder
	require.NoError(t, program.Program{Models: music.Models()}.Run(t.Context(), []string{"verify", "-store", store}, &out, io.Discard))
	require.Contains(t, out.String(), "all as they should be")
}
