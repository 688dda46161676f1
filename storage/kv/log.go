package kv

import (
	"bytes"
	"container/heap"
	"context"
	"iter"

	"github.com/ankgo/ank/event"
)

// slabSize is the piece of heap that entries are copied into one after another.
// An allocation for each would cost more than the copying.
const slabSize = 64 << 10

// logReader reads entries from one origin's log in sequence.
type logReader struct {
	origin event.Origin
	it     Iterator
	stable bool
	slab   []byte
	entry  *event.Entry // the one Next moved to
	err    error
}

// next moves to the next entry and reports whether there is one.
func (l *logReader) next() bool {
	if !l.it.Next() {
		l.entry = nil
		return false
	}
	l.entry, l.err = event.DecodeEntry(l.keep(l.it.Value()))
	if l.err != nil {
		l.err = corruptEntry(l.origin, logSeq(l.it.Key()), l.err)
	}
	return l.err == nil
}

// keep returns the same bytes in memory that the entry may alias for ever.
func (l *logReader) keep(b []byte) []byte {
	if l.stable {
		return b
	}
	if len(b) > slabSize/4 {
		return bytes.Clone(b)
	}
	if len(b) > cap(l.slab)-len(l.slab) {
		l.slab = make([]byte, 0, slabSize)
	}
	start := len(l.slab)
	l.slab = append(l.slab, b...)
	return l.slab[start:len(l.slab):len(l.slab)]
}

func (l *logReader) close() error {
	if err := l.it.Close(); err != nil {
		return err
	}
	return l.err
}

// logReaders is a heap of logs, the one with the least transaction on top.
type logReaders []*logReader

func (h logReaders) Len() int      { return len(h) }
func (h logReaders) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *logReaders) Push(x any)   { *h = append(*h, x.(*logReader)) }

func (h logReaders) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.entry.Tx.ID != b.entry.Tx.ID {
		return a.entry.Tx.ID.Less(b.entry.Tx.ID)
	}
	return bytes.Compare(a.origin[:], b.origin[:]) < 0
}

func (h *logReaders) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	*h = (*h)[:last]
	return l
}

func (s *snapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	return func(yield func(*event.Entry, error) bool) {
		r, drop, err := s.hold(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer drop()
		logs := s.logs(r, after)
		if err := merge(ctx, logs, yield); err != nil {
			yield(nil, err)
		}
	}
}

// logs opens the logs that have something beyond the cursor.
func (s *snapshot) logs(r Reader, after event.Cursor) []*logReader {
	var logs []*logReader
	for i, o := range s.view.catalog.origins {
		from, _ := after.At(o)
		to, _ := s.view.cursor.At(o)
		if from.Seq >= to.Seq {
			continue
		}
		number := uint64(i) + 1
		lo, hi := appendLogKey(nil, number, from.Seq+1), appendLogKey(nil, number, to.Seq+1)
		logs = append(logs, &logReader{origin: o, it: r.Scan(lo, hi, false), stable: s.engine.traits.StableBytes})
	}
	return logs
}

// merge yields the entries of all logs and closes them. The error is one that
// was not yielded.
func merge(ctx context.Context, logs []*logReader, yield func(*event.Entry, error) bool) (err error) {
	open := make(logReaders, 0, len(logs))
	stopped := false
	defer func() {
		for _, l := range logs {
			if closeErr := l.close(); err == nil && !stopped {
				err = closeErr
			}
		}
	}()
	for _, l := range logs {
		if l.next() {
			open = append(open, l)
		} else if l.err != nil {
			return nil
		}
	}
	heap.Init(&open)
	for n := 0; len(open) > 0; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		l := open[0]
		if !yield(l.entry, nil) {
			stopped = true
			return nil
		}
		switch {
		case l.next():
			heap.Fix(&open, 0)
		case l.err != nil:
			return nil
		default:
			heap.Pop(&open)
		}
	}
	return nil
}
