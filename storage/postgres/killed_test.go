package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// child is set, to the name of a schema, in a process that plays another node.
const child = "ANK_POSTGRES_CHILD"

// childLog is the log that the other process writes.
const childLog = 1

// writeForever is the main function of a process that commits until it is killed, and
// prints the sequence of each entry once it is acknowledged.
func writeForever(schema string) int {
	ctx := context.Background()
	e, err := postgres.Open(ctx, dsn(), postgres.Options{Schema: schema})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w := storagetest.NewWorld(2, 2)
	for {
		d := w.Begin().At(childLog)
		for range 20 {
			d.Create(storagetest.Albums(), "year", 1)
		}
		b := d.Batch()
		if err := e.Commit(ctx, b); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(b.Entries[0].Seq)
	}
}

// TestProcessIsKilled kills a process in the middle of its commits: others go on, what
// it was told is there, and what it was not told is there as a whole or not at all.
func TestProcessIsKilled(t *testing.T) {
	const acknowledged = 15
	schema := newSchema(t)
	e := open(t, dsn(), postgres.Options{Schema: schema})
	require.NoError(t, e.Register(t.Context(), storagetest.Albums()))
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), child+"="+schema)
	other.Stderr = os.Stderr
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())

	w := storagetest.NewWorld(1, 1)
	last := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		seq, err := strconv.Atoi(lines.Text())
		require.NoError(t, err)
		last = seq
		d := w.Begin()
		d.Create(storagetest.Albums(), "year", 2)
		require.NoError(t, e.Commit(t.Context(), d.Batch()), "beside the other process")
		if seq == acknowledged {
			require.NoError(t, other.Process.Kill()) // and read what it printed before
		}
	}
	require.Error(t, other.Wait(), "it was killed")
	d := w.Begin()
	d.Create(storagetest.Albums(), "year", 2)
	require.NoError(t, e.Commit(t.Context(), d.Batch()), "after it was killed")

	v, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	origin := storagetest.NewWorld(2, 2).Origin(childLog)
	at, _ := v.Cursor().At(origin)
	require.GreaterOrEqual(t, at.Seq, uint64(last), "what was acknowledged")
	entries := 0
	for entry, err := range v.Log(t.Context(), event.Cursor{}) {
		require.NoError(t, err)
		if entry.Origin == origin {
			entries++
		}
	}
	require.Equal(t, int(at.Seq), entries)
	n, err := storage.Count(t.Context(), v, ask(t, storagetest.Albums(), "year = 1"))
	require.NoError(t, err)
	require.Equal(t, 20*entries, n, "entries and states come together")
	_, err = v.(storage.Verifier).Verify(t.Context())
	require.NoError(t, err)
	t.Logf("%d acknowledged, %d stored", last, entries)
}
