package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestCrashes runs what the suite has about crashes over a server that is killed.
func TestCrashes(t *testing.T) {
	s := newServer(t)
	var store func(schema string) storagetest.Store
	store = func(schema string) storagetest.Store {
		return storagetest.Store{
			Open: func(ctx context.Context) (storage.Engine, error) {
				return postgres.Open(ctx, s.dsn(), postgres.Options{Schema: schema})
			},
			Reopens: true, Builds: true, Lists: true, ComparesStamps: true, Durable: true,
			Crash: func(*rand.Rand) storagetest.Store {
				s.crash()
				return store(schema)
			},
		}
	}
	for _, c := range storagetest.Cases() {
		if strings.HasSuffix(c.Name, "/crash") {
			name := strings.ReplaceAll(c.Name, "/", "_")
			t.Run(c.Name, func(t *testing.T) {
				c.Test(t, storagetest.Options{New: func(testing.TB) storagetest.Store { return store(name) }})
			})
		}
	}
}

// TestServerRestartsUnderLoad has a committer and a reader go on while the server is
// killed: every commit takes effect once, and no reader sees half of one.
func TestServerRestartsUnderLoad(t *testing.T) {
	const commits, crashes = 240, 3
	s := newServer(t)
	e := open(t, s.dsn(), postgres.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	albums := storagetest.Albums()
	require.NoError(t, e.Register(ctx, albums))
	now, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for range now {
			s.crash()
		}
	}()
	read := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if v, err := e.Snapshot(ctx); err == nil {
				for _, err := range v.Log(ctx, event.Cursor{}) {
					if err != nil {
						break
					}
				}
				n++
				v.Close()
			}
		}
		read <- n
	}()
	w := storagetest.NewWorld(1, 1)
	var want []uint64
	unknown := 0
	for i := range commits {
		if i%(commits/crashes) == 40 {
			now <- struct{}{}
		}
		d := w.Begin()
		d.Create(albums, "year", i)
		b := d.Batch()
		was, err := settled(ctx, e, b)
		require.NoError(t, err, "commit %d", i)
		if was {
			unknown++
		}
		want = append(want, uint64(i+1))
	}
	close(now)
	<-done
	cancel()
	t.Logf("%d commits through %d crashes, %d of unknown outcome; %d snapshots beside them", commits, crashes, unknown, <-read)
	require.Equal(t, want, seqs(t, e))
	v, err := e.Snapshot(context.Background())
	require.NoError(t, err)
	defer v.Close()
	for _, id := range w.IDs() {
		r, err := v.State(context.Background(), "albums", id)
		require.NoError(t, err)
		require.True(t, w.Record(id).Equal(r))
	}
	_, err = v.(storage.Verifier).Verify(context.Background())
	require.NoError(t, err)
}

func TestLostAnswerOfCommit(t *testing.T) {
	p := newProxy(t)
	e := open(t, p.dsn(), postgres.Options{Schema: newSchema(t)})
	w := storagetest.NewWorld(1, 1)
	commits := 0
	next := func() *storage.Batch {
		d := w.Begin()
		d.Create(storagetest.Albums(), "year", commits)
		commits++
		return d.Batch()
	}
	for _, c := range []struct {
		name   string
		fault  func()
		stored bool
	}{
		{"the answer is lost", func() { p.loseCommit.Store(true) }, true},
		{"what was to be written is lost", func() { p.dropWrites.Store(true) }, false},
	} {
		for range 2 { // so that all statements are prepared
			require.NoError(t, e.Commit(t.Context(), next()))
		}
		b := next()
		c.fault()
		err := e.Commit(t.Context(), b)
		require.ErrorIs(t, err, storage.ErrUnknown, c.name)
		there, err := stored(t.Context(), e, b)
		require.NoError(t, err)
		require.Equal(t, c.stored, there, c.name)
		if !there {
			require.NoError(t, e.Commit(t.Context(), b), "the same again")
		}
	}
	require.Len(t, seqs(t, e), commits)
}

// TestHaltedProcess halts a process in the middle of a commit: others go on, and when it
// wakes up it does not write what has been overtaken.
func TestHaltedProcess(t *testing.T) {
	p := newProxy(t)
	o := postgres.Options{Schema: newSchema(t), Turn: 3 * time.Second}
	halted, other := open(t, p.dsn(), o), open(t, dsn(), o)
	w := storagetest.NewWorld(1, 1)
	for i, overtaken := range []bool{false, true} {
		d := w.Begin()
		d.Create(storagetest.Albums(), "year", 1)
		require.NoError(t, halted.Commit(t.Context(), d.Batch()))
		d = w.Begin()
		d.Create(storagetest.Albums(), "year", 2)
		b := d.Batch()
		b.Holds = []storage.MetaValue{{Key: "lease"}}
		wakes, result := make(chan struct{}), make(chan error, 1)
		p.stall.Store(&wakes)
		go func() { result <- halted.Commit(context.Background(), b) }()
		require.Eventually(t, func() bool { return p.stall.Load() == nil }, patient, often)
		key := map[bool]string{false: "something", true: "lease"}[overtaken]
		err := other.Commit(t.Context(), &storage.Batch{Meta: []storage.MetaChange{{Key: key, Value: []byte("taken")}}})
		require.NoError(t, err, "commits of others, %d", i)
		close(wakes)
		err = <-result
		if errors.Is(err, storage.ErrUnknown) { // it was halted in the last round trip, and so is the engine's to say no more
			require.Len(t, seqs(t, other), 2*i+1, "it lost its turn, so it was not stored")
			err = halted.Commit(t.Context(), b)
		}
		if overtaken {
			require.ErrorIs(t, err, storage.ErrConflict)
		} else {
			require.NoError(t, err)
		}
	}
	require.Equal(t, []uint64{1, 2, 3}, seqs(t, other))
}

func TestCutConnections(t *testing.T) {
	p := newProxy(t)
	e := open(t, p.dsn(), postgres.Options{Schema: newSchema(t)})
	w := storagetest.NewWorld(1, 1)
	for i := range 20 {
		d := w.Begin()
		d.Create(storagetest.Albums(), "year", i)
		before, err := e.Snapshot(t.Context())
		require.NoError(t, err)
		p.cut()
		_, err = settled(t.Context(), e, d.Batch())
		require.NoError(t, err, "a connection that was idle is replaced by another one")
		_, err = before.Meta(t.Context(), "key")
		require.Error(t, err)
		require.NotErrorIs(t, err, storage.ErrNotFound, "a snapshot whose connection is lost knows nothing")
		before.Close()
	}
	require.Len(t, seqs(t, e), 20)
}

// locker holds a lock in a transaction of its own until the test releases it.
func locker(t *testing.T, schema, statement string) (release func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `SET search_path = "`+schema+`"`)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `BEGIN`)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, statement)
	require.NoError(t, err)
	release = func() {
		_, _ = conn.Exec(ctx, `ROLLBACK`)
		_ = conn.Close(ctx)
	}
	return release
}

// waiting reports whether a statement of an engine's waits for a lock.
func waiting(t *testing.T, schema string) bool {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer conn.Close(ctx)
	var n int
	require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`, schema).Scan(&n))
	return n > 0
}

// patient is how long tests wait for what happens soon.
const patient, often = 20 * time.Second, 5 * time.Millisecond

func TestCancellationReachesTheServer(t *testing.T) {
	schema := newSchema(t)
	e := open(t, dsn()+" application_name="+schema, postgres.Options{Schema: schema})
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	id := d.Create(storagetest.Albums(), "year", 1)
	require.NoError(t, e.Commit(t.Context(), d.Batch()))
	v, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()

	release := locker(t, schema, `LOCK TABLE albums IN ACCESS EXCLUSIVE MODE`)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := v.State(ctx, "albums", id)
		result <- err
	}()
	require.Eventually(t, func() bool { return waiting(t, schema) }, patient, often)
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	require.Eventually(t, func() bool { return !waiting(t, schema) }, patient, often, "the server has stopped it")
	release()
	r, err := v.State(t.Context(), "albums", id)
	require.NoError(t, err, "the snapshot goes on")
	require.True(t, w.Record(id).Equal(r))

	release = locker(t, schema, `UPDATE _store SET commits = commits`)
	d = w.Begin()
	d.Create(storagetest.Albums(), "year", 2)
	b := d.Batch()
	ctx, cancel = context.WithCancel(t.Context())
	go func() { result <- e.Commit(ctx, b) }()
	require.Eventually(t, func() bool { return waiting(t, schema) }, patient, often)
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	release()
	require.NoError(t, e.Commit(t.Context(), b), "nothing was stored, and the engine goes on")
}

func TestStatementTimeout(t *testing.T) {
	schema := newSchema(t)
	o := postgres.Options{Schema: schema, StatementTimeout: time.Second}
	e := open(t, dsn(), o)
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	id := d.Create(storagetest.Albums(), "year", 1)
	require.NoError(t, e.Commit(t.Context(), d.Batch()))
	v, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	release := locker(t, schema, `LOCK TABLE albums IN ACCESS EXCLUSIVE MODE`)
	_, err = v.State(t.Context(), "albums", id)
	require.ErrorIs(t, err, postgres.ErrTimeout)
	for _, err := range v.Select(t.Context(), ask(t, storagetest.Albums(), "ORDER BY LEN(name)")) {
		require.ErrorIs(t, err, postgres.ErrTimeout)
	}
	release()
	_, err = v.State(t.Context(), "albums", id)
	require.NoError(t, err, "the snapshot goes on")
	d = w.Begin()
	d.Update(id, "year", 2)
	require.NoError(t, e.Commit(t.Context(), d.Batch()), "the engine goes on")
}

// TestDeadlock has somebody edit tables in the opposite order of a commit's.
func TestDeadlock(t *testing.T) {
	schema := newSchema(t)
	e := open(t, dsn()+" application_name="+schema, postgres.Options{Schema: schema})
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	id := d.Create(storagetest.Albums(), "year", 1)
	require.NoError(t, e.Commit(t.Context(), d.Batch()))

	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer conn.Close(ctx)
	for _, sql := range []string{
		`SET search_path = "` + schema + `"`, `SET deadlock_timeout = '1h'`, `BEGIN`, `UPDATE albums SET _deleted = _deleted`,
	} {
		_, err = conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	d = w.Begin()
	d.Update(id, "year", 2)
	result := make(chan error, 1)
	go func() { result <- e.Commit(ctx, d.Batch()) }()
	require.Eventually(t, func() bool { return waiting(t, schema) }, patient, often)
	_, err = conn.Exec(ctx, `UPDATE _store SET commits = commits`) // until the server ends the commit
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `ROLLBACK`)
	require.NoError(t, err)
	require.NoError(t, <-result, "it was tried again")
	require.Equal(t, []uint64{1, 2}, seqs(t, e))
}
