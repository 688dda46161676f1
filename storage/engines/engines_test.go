package engines_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage/engines"
)

func TestOpen(t *testing.T) {
	names := []string{"memory:", "pebble:" + filepath.Join(t.TempDir(), "data")}
	if host, user, ok := strings.Cut(os.Getenv(enginetest.Postgres), " user="); ok { // see scripts/postgres
		user, _, _ = strings.Cut(user, " ")
		names = append(names, "postgres:///postgres?ank_schema=by_name&user="+user+"&"+host)
	}
	if placement := os.Getenv(enginetest.TiKV); placement != "" {
		names = append(names, "tikv://"+placement+"/by_name", "tikv://"+placement+"/by_name?notices=0.0.0.0:0&advertise=127.0.0.1")
	}
	for _, name := range names {
		engine, err := engines.Open(t.Context(), name)
		require.NoError(t, err, name)
		require.NoError(t, engine.Close())
	}
}

func TestNamesOfNoStore(t *testing.T) {
	for _, name := range []string{"", "memory", "memory:x", "pebble", "pebble:", "mysql:x", "/data", "tikv:x", "tikv://", "tikv://host:1/", "tikv:///system"} {
		_, err := engines.Open(t.Context(), name)
		var bad *engines.NameError
		require.ErrorAs(t, err, &bad, name)
		require.ErrorContains(t, err, "pebble:DIR")
	}
}

// TestParameters: what is not known is refused, and what is known is passed on.
func TestParameters(t *testing.T) {
	for name, reason := range map[string]string{
		"tikv://127.0.0.1:1/shop?notice=127.0.0.1:0": "there is no parameter notice; there are notices, advertise, ca, cert and key",
		"tikv://127.0.0.1:1/shop?notices=%zz":        "invalid URL escape",
	} {
		_, err := engines.Open(t.Context(), name)
		var bad *engines.NameError
		require.ErrorAs(t, err, &bad, name)
		require.ErrorContains(t, err, reason)
	}
	_, err := engines.Open(t.Context(), "tikv://127.0.0.1:1/shop?advertise=127.0.0.1")
	require.ErrorContains(t, err, "none to listen at")
	_, err = engines.Open(t.Context(), "tikv://127.0.0.1:1/shop?cert=c&key=k")
	require.ErrorContains(t, err, "TLS needs the file of the authority")
	_, err = engines.Open(t.Context(), "tikv://127.0.0.1:1/shop?ca=no-such-file&cert=no-such-file&key=no-such-file")
	require.ErrorContains(t, err, "no-such-file")
}

func TestPublicNamesHaveNoPasswords(t *testing.T) {
	for name, want := range map[string]string{
		"memory:":                               "memory:",
		"pebble:data":                           "pebble:data",
		"pebble:/a b/c":                         "pebble:/a b/c",
		"postgres://ada:secret@db/shop?x=y":     "postgres://ada:xxxxx@db/shop?x=y",
		"postgres://db/shop?password=secret":    "postgres://db/shop?password=xxxxx",
		"postgress://ada:secret@db/shop":        "postgress://ada:xxxxx@db/shop",
		"postgres://ada:sec%ret@db:x:y/%zzshop": "postgres:...",
	} {
		require.Equal(t, want, engines.Public(name))
		require.NotContains(t, (&engines.NameError{Name: name}).Error(), "secret")
	}
}
