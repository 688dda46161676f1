package eventtest

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/ankgo/ank/event"
)

// A Log chains entries as an origin does. It is not safe for concurrent use.
type Log struct {
	Key     event.PrivateKey
	Author  string // of the entries to come
	Entries []*event.Entry
}

// NewLog returns an empty log whose key is made from a seed: one seed, one
// origin.
func NewLog(t testing.TB, seed uint64) *Log {
	t.Helper()
	key, err := event.NewKey(Bytes(seed))
	if err != nil {
		t.Fatalf("eventtest: %v", err)
	}
	return &Log{Key: key, Author: "tester"}
}

// Bytes returns a reader of random bytes that a seed determines.
func Bytes(seed uint64) *rand.ChaCha8 {
	var long [32]byte
	binary.BigEndian.PutUint64(long[:], seed)
	return rand.NewChaCha8(long)
}

// Append logs a transaction with the events that hooks added to it.
func (l *Log) Append(tx *event.Transaction, added ...*event.Event) *event.Entry {
	e := &event.Entry{Origin: l.Key.Public(), Seq: uint64(len(l.Entries)) + 1, Author: l.Author, Tx: tx, Added: added}
	if n := len(l.Entries); n > 0 {
		e.Prev = l.Entries[n-1].Hash()
	}
	l.Entries = append(l.Entries, e)
	return e
}

// Head signs the head of the log's first seq entries.
func (l *Log) Head(seq int) event.SignedHead {
	if seq == 0 {
		return event.SignHead(l.Key, 0, event.Digest{}, false)
	}
	return event.SignHead(l.Key, uint64(seq), l.Entries[seq-1].Hash(), false)
}

// A Wall is a wall clock that stands still until it is set. It is safe for
// concurrent use.
type Wall struct {
	mu  sync.Mutex
	now time.Time
}

// NewWall returns a clock that shows t.
func NewWall(t time.Time) *Wall { return &Wall{now: t} }

// Now is the time that the clock shows.
func (w *Wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Set makes the clock show t.
func (w *Wall) Set(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

// Advance moves the clock by d, which may be negative.
func (w *Wall) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}
