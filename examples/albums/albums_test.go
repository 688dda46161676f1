package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/examples/albums/music"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// random matches what differs from run to run: digests, because IDs are random.
var random = regexp.MustCompile(`digest [0-9a-f]+|transaction [0-9A-Z]{26}`)

// TestOutput compares what two runs on one folder print with testdata/output.txt;
// ANK_UPDATE=1 writes it anew.
func TestOutput(t *testing.T) {
	store := "pebble:" + t.TempDir()
	var got strings.Builder
	for range 2 {
		require.NoError(t, run(t.Context(), &got, store))
	}
	text := random.ReplaceAllString(got.String(), "...")
	const golden = "testdata/output.txt"
	if os.Getenv("ANK_UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// TestReplayNoticesADifference gives the comparison something to find.
func TestReplayNoticesADifference(t *testing.T) {
	s, err := openServer(t.Context(), "memory:")
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close(t.Context())) }()
	_, err = load(t.Context(), s.node.Session("loader"))
	require.NoError(t, err)
	folded, stored, err := replay(t.Context(), s.engine)
	require.NoError(t, err)
	require.Equal(t, folded, stored)
	require.Greater(t, stored.entities, 150)

	err = change(t.Context(), s.node.Session("ada"), "Tutu", setYear)
	require.NoError(t, err)
	_, later, err := replay(t.Context(), s.engine)
	require.NoError(t, err)
	require.NotEqual(t, stored.digest, later.digest)
	require.Equal(t, stored.events+1, later.events)
}

func setYear(a music.AlbumMutable) { a.SetYear(1987) }
