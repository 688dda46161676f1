//go:build linux && smalldisk

package postgres_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// small is an engine over a server that has a file system of some megabytes.
type small struct {
	*server
	mount  string
	engine *postgres.Engine
	world  *storagetest.World
	rng    *rand.Rand
	stored uint64 // commits that were acknowledged
}

// newSmall mounts the file system, which scripts/test-disk gives the right to do, and has
// the server started. What that returns is added to the server's DSN.
func newSmall(t *testing.T, start func(s *small) (settings string)) *small {
	folder := func() string {
		name, err := os.MkdirTemp("/tmp", "ank-small.") // short, as names of sockets must be
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(name)) })
		return name
	}
	s := &small{server: &server{t, folder()}, mount: folder(), world: storagetest.NewWorld(1, 1), rng: rand.New(rand.NewPCG(1, 1))}
	require.NoError(t, syscall.Mount("tmpfs", s.mount, "tmpfs", 0, "size=96m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(s.mount, syscall.MNT_DETACH)) })
	settings := start(s)
	t.Cleanup(func() { _ = s.script("stop", s.folder, "immediate") })
	s.engine = open(t, s.dsn()+settings, postgres.Options{})
	require.NoError(t, s.engine.Register(t.Context(), storagetest.Albums()))
	return s
}

// resize gives the file system another size.
func (s *small) resize(size string) {
	s.Helper()
	require.NoError(s, syscall.Mount("tmpfs", s.mount, "tmpfs", syscall.MS_REMOUNT, "size="+size))
}

// fill commits until that fails, and returns the error and the batch that was refused.
func (s *small) fill() (*storage.Batch, error) {
	s.Helper()
	for range 5000 {
		if b, err := s.commit(); err != nil {
			return b, err
		}
	}
	s.Fatal("it took everything")
	return nil, nil
}

// fillLog is fill for the server's own log, which takes a new file after every commit.
func (s *small) fillLog() (*storage.Batch, error) {
	s.Helper()
	for range 20 {
		if b, err := s.commit(); err != nil {
			return b, err
		}
		_ = s.execute(`SELECT pg_switch_wal()`) // the server may be about to end
	}
	s.Fatal("it took everything")
	return nil, nil
}

// execute executes a statement at the server.
func (s *small) execute(sql string) error {
	conn, err := pgx.Connect(s.Context(), s.dsn())
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(s.Context(), sql)
	return err
}

func (s *small) commit() (*storage.Batch, error) {
	d := s.world.Begin()
	d.Create(storagetest.Albums(), "name", "full", "cover", noise(s.rng, 20_000))
	b := d.Batch()
	err := s.engine.Commit(s.Context(), b)
	if err == nil {
		s.stored++
	}
	return b, err
}

// noise is what cannot be compressed.
func noise(rng *rand.Rand, size int) []byte {
	b := make([]byte, 0, size+8)
	for len(b) < size {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	return b
}

// read compares all that was acknowledged with what can be read.
func (s *small) read() storage.Snapshot {
	s.Helper()
	v, err := s.engine.Snapshot(s.Context())
	require.NoError(s, err)
	s.Cleanup(v.Close)
	n := uint64(0)
	for e, err := range v.Log(s.Context(), event.Cursor{}) {
		require.NoError(s, err)
		n++
		require.Equal(s, n, e.Seq)
	}
	require.Equal(s, s.stored, n)
	for _, id := range s.world.IDs()[:s.stored] {
		r, err := v.State(s.Context(), "albums", id)
		require.NoError(s, err)
		require.True(s, s.world.Record(id).Equal(r))
	}
	return v
}

// goesOn commits when there is room again, and looks at all there is.
func (s *small) goesOn(refused *storage.Batch) {
	s.Helper()
	if there, err := stored(s.Context(), s.engine, refused); !there {
		require.NoError(s, err)
		_, err := settled(s.Context(), s.engine, refused)
		require.NoError(s, err)
	}
	s.stored++
	_, err := s.commit()
	require.NoError(s, err)
	_, err = s.read().(storage.Verifier).Verify(s.Context())
	require.NoError(s, err)
}

// TestADiskThatIsFull fills the disk that the tables are on. Commits are refused by name,
// what was acknowledged can be read all the while, and one that is opened when there is
// room again goes on.
func TestADiskThatIsFull(t *testing.T) {
	s := newSmall(t, func(s *small) string {
		s.server.start()
		tables := filepath.Join(s.mount, "tables")
		require.NoError(t, os.Mkdir(tables, 0o700))
		require.NoError(t, s.execute(`CREATE TABLESPACE small LOCATION '`+tables+`'`))
		return " default_tablespace=small"
	})
	refused, err := s.fill()
	require.ErrorIs(t, err, storage.ErrFull, "after %d commits", s.stored)
	require.NotErrorIs(t, err, storage.ErrUnknown)
	s.read()
	again := s.engine.Commit(t.Context(), refused)
	require.ErrorIs(t, again, storage.ErrFull)
	require.ErrorIs(t, again, storage.ErrReadOnly)
	s.read()
	s.resize("256m")
	s.engine = open(t, s.dsn(), postgres.Options{})
	require.NoError(t, s.engine.Register(t.Context(), storagetest.Albums()))
	s.goesOn(refused)
	t.Logf("%d commits", s.stored)
}

// TestADiskThatIsFullEndsTheServer leaves no room for the server's own log, without which
// it ends, in the middle of a commit: nobody knows of that whether it was stored. With
// more room the same engine finds out, and goes on.
func TestADiskThatIsFullEndsTheServer(t *testing.T) {
	s := newSmall(t, func(s *small) string {
		t.Setenv("ANK_TEST_SETTINGS", "-c max_wal_size=32MB -c min_wal_size=32MB")
		s.folder = s.mount
		s.server.start()
		return ""
	})
	var free syscall.Statfs_t
	require.NoError(t, syscall.Statfs(s.mount, &free))
	const left = 8 << 20 // which is half of what the log grows by
	ballast := make([]byte, int64(free.Bfree)*free.Bsize-left)
	require.NoError(t, os.WriteFile(filepath.Join(s.mount, "ballast"), ballast, 0o600))
	refused, err := s.fillLog()
	require.ErrorIs(t, err, storage.ErrUnknown, "after %d commits", s.stored)
	s.resize("256m")
	_ = s.script("start", s.folder) // it may have come back by itself
	s.goesOn(refused)
	t.Logf("%d commits; then: %v", s.stored, err)
}
