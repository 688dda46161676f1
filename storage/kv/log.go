package kv

import (
	"bytes"
	"container/heap"
	"context"
	"iter"
	"runtime"

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
	decode event.Decoder
	entry  *event.Entry // the one next moved to
	size   int          // of its encoding
	err    error
}

// next moves to the next entry and reports whether there is one.
func (l *logReader) next() bool {
	if !l.it.Next() {
		l.entry = nil
		return false
	}
	value := l.keep(l.it.Value())
	l.size = len(value)
	l.entry, l.err = l.decode.Entry(value)
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
		logs, n := s.logs(r, after)
		if n < longLog || runtime.GOMAXPROCS(0) == 1 {
			err = merge(ctx, logs, func(l *logReader) bool { return yield(l.entry, nil) })
		} else {
			err = ahead(ctx, logs, func(e *event.Entry) bool { return yield(e, nil) })
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// logs opens the logs that have something beyond the cursor, and says how many
// entries that is.
func (s *snapshot) logs(r Reader, after event.Cursor) (logs []*logReader, n uint64) {
	for i, o := range s.view.catalog.origins {
		from, _ := after.At(o)
		to, _ := s.view.cursor.At(o)
		if from.Seq >= to.Seq {
			continue
		}
		n += to.Seq - from.Seq
		number := uint64(i) + 1
		lo, hi := appendLogKey(nil, number, from.Seq+1), appendLogKey(nil, number, to.Seq+1)
		logs = append(logs, &logReader{origin: o, it: r.Scan(lo, hi, false), stable: s.engine.traits.StableBytes})
	}
	return logs, n
}

// A log of longLog entries is decoded ahead of whoever reads it, as far as three
// batches of aheadEntries, or little more than aheadBytes.
const (
	longLog      = 1000
	aheadEntries = 128
	aheadBytes   = 256 << 10
)

// ahead is merge with a goroutine that reads and decodes while others work on what
// was yielded. It has ended when ahead returns.
func ahead(ctx context.Context, logs []*logReader, yield func(*event.Entry) bool) (err error) {
	batches := make(chan []*event.Entry, 1)
	stop := make(chan struct{})
	var failed error // before batches is closed
	go func() {
		defer close(batches)
		failed = fillBatches(ctx, logs, batches, stop)
	}()
	defer func() {
		close(stop)
		for range batches { // until the goroutine is done
		}
	}()
	for batch := range batches {
		for _, e := range batch {
			if !yield(e) {
				return nil
			}
		}
	}
	return failed
}

// fillBatches sends the entries of all logs, until stop is closed.
func fillBatches(ctx context.Context, logs []*logReader, batches chan<- []*event.Entry, stop <-chan struct{}) error {
	var batch []*event.Entry
	bytes := 0
	send := func() bool {
		select {
		case batches <- batch:
			batch, bytes = nil, 0
			return true
		case <-stop:
			return false
		}
	}
	err := merge(ctx, logs, func(l *logReader) bool {
		if batch == nil {
			batch = make([]*event.Entry, 0, aheadEntries)
		}
		batch = append(batch, l.entry)
		bytes += l.size
		return len(batch) < aheadEntries && bytes < aheadBytes || send()
	})
	send()
	return err
}

// merge yields the logs, each as often as it has entries, and closes them.
func merge(ctx context.Context, logs []*logReader, yield func(*logReader) bool) (err error) {
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
		if !yield(l) {
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
