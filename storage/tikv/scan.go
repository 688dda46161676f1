package tikv

import (
	"bytes"
	"slices"

	"github.com/tikv/client-go/v2/txnkv/txnsnapshot"

	"github.com/ankgo/ank/storage/kv"
)

// The number of keys that are asked for at a time: few at first, since many scans end
// soon, and more with every batch, as long as they do not get too large.
const (
	firstKeys  = 16
	mostKeys   = 1024
	batchBytes = 1 << 20
)

// pair is a key of the engine's and its value.
type pair struct{ key, value []byte }

// source reads one bucket's part of a scan, a batch ahead of its reader. It belongs to
// one goroutine; the batch that is under way has one of its own, which ends with it.
type source struct {
	reader  *reader
	span    span // what is still to be read
	bounds  span // of the engine's keys
	reverse bool

	batch []pair
	next  chan batch // nil: nothing is under way
	keys  int        // to be asked for
	ended bool       // nothing is left in span
	err   error
}

// batch is what one request has found.
type batch struct {
	pairs []pair
	rest  span
	ended bool
	bytes int
	err   error
}

// fetch begins to read the next batch, unless it is being read.
func (s *source) fetch() {
	if s.next != nil || s.ended || s.err != nil {
		return
	}
	s.next = make(chan batch, 1)
	go func(next chan<- batch, at span, keys int) {
		next <- s.reader.read(at, s.bounds, keys, s.reverse)
	}(s.next, s.span, s.keys)
}

// ready makes the first pair of the batch the next one, and reports whether there is one.
func (s *source) ready() bool {
	for len(s.batch) == 0 {
		s.fetch()
		if s.next == nil {
			return false
		}
		b := <-s.next
		s.next = nil
		s.batch, s.span, s.ended, s.err = b.pairs, b.rest, b.ended, b.err
		s.keys = nextKeys(s.keys, len(b.pairs), b.bytes)
	}
	return true
}

// nextKeys is how many keys to ask for after a batch.
func nextKeys(asked, got, bytes int) int {
	most := mostKeys
	if got > 0 && bytes > 0 {
		most = min(most, batchBytes*got/bytes)
	}
	return max(2, min(4*asked, most))
}

// take returns the next pair, which ready has said is there. Half a batch before its
// end the next one is asked for.
func (s *source) take() pair {
	p := s.batch[0]
	s.batch = s.batch[1:]
	if len(s.batch) == s.keys/8 {
		s.fetch()
	}
	return p
}

// wait waits for the batch that is under way, and forgets it.
func (s *source) wait() {
	if s.next != nil {
		<-s.next
		s.next = nil
	}
}

// read asks for a number of keys, and what belongs to them.
func (r *reader) read(at, bounds span, keys int, reverse bool) batch {
	raw, ended, err := r.scan(at, keys, reverse)
	if err != nil {
		return batch{err: err}
	}
	b := batch{rest: at, ended: ended}
	if len(raw) > 0 {
		last := raw[len(raw)-1].key
		if reverse {
			b.rest.hi = last
		} else {
			b.rest.lo = append(slices.Clone(last), 0)
		}
	}
	b.pairs, b.bytes, b.err = r.decode(raw)
	sortLong(b.pairs, reverse)
	b.pairs = slices.DeleteFunc(b.pairs, func(p pair) bool {
		return bytes.Compare(p.key, bounds.lo) < 0 || len(bounds.hi) > 0 && bytes.Compare(p.key, bounds.hi) >= 0
	})
	return b
}

// scan reads physical pairs: keys of them, and more if those behind the last differ in
// what was cut off only.
func (r *reader) scan(at span, keys int, reverse bool) (raw []pair, ended bool, err error) {
	if bytes.Compare(at.lo, at.hi) >= 0 {
		return nil, true, nil
	}
	snapshot := r.driver.client.GetSnapshot(r.ts)
	snapshot.SetScanBatchSize(keys)
	it, err := iterate(snapshot, at, reverse)
	for err == nil && it.Valid() {
		key := it.Key()
		if len(raw) >= keys && !r.driver.sameCut(raw[len(raw)-1].key, key) {
			it.Close()
			return raw, false, nil
		}
		raw = append(raw, pair{key, it.Value()})
		if len(raw) >= keys && !r.driver.isCut(key) {
			it.Close()
			return raw, false, nil
		}
		err = it.Next()
	}
	if err != nil {
		return nil, false, classify(err)
	}
	it.Close()
	return raw, true, nil
}

// cursor is what the client's iterators are.
type cursor interface {
	Valid() bool
	Key() []byte
	Value() []byte
	Next() error
	Close()
}

func iterate(snapshot *txnsnapshot.KVSnapshot, at span, reverse bool) (cursor, error) {
	if reverse {
		return snapshot.IterReverse(at.hi, at.lo)
	}
	return snapshot.Iter(at.lo, at.hi)
}

// isCut reports whether a physical key has lost its end.
func (l layout) isCut(physical []byte) bool { return len(l.logical(physical)) > maxKey }

// sameCut reports whether two physical keys are of keys that differ behind the cut only.
func (l layout) sameCut(a, b []byte) bool {
	return l.isCut(a) && l.isCut(b) && bytes.Equal(l.logical(a)[:maxKey], l.logical(b)[:maxKey])
}

// sortLong orders keys that were cut, which come in the order of what replaces their ends.
func sortLong(pairs []pair, reverse bool) {
	long := func(p pair) bool { return len(p.key) > maxKey }
	if !slices.ContainsFunc(pairs, long) {
		return
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if reverse {
			return bytes.Compare(b.key, a.key)
		}
		return bytes.Compare(a.key, b.key)
	})
}

// iterator merges the buckets of one scan.
type iterator struct {
	reader  *reader
	bounds  span
	reverse bool
	sources []*source
	now     pair
	sought  []byte // by Seek; all before it is dropped
	err     error
}

var _ kv.Iterator = (*iterator)(nil)

func (r *reader) Scan(lo, hi []byte, reverse bool) kv.Iterator {
	it := &iterator{reader: r, bounds: span{slices.Clone(lo), slices.Clone(hi)}, reverse: reverse}
	it.begin(it.bounds.lo)
	return it
}

// begin asks all buckets for what they have from a key on.
func (it *iterator) begin(lo []byte) {
	for _, s := range it.sources {
		s.wait()
	}
	it.sources = it.sources[:0]
	for _, at := range it.reader.driver.spans(lo, it.bounds.hi) {
		s := &source{reader: it.reader, span: at, bounds: span{lo, it.bounds.hi}, reverse: it.reverse, keys: firstKeys}
		it.sources = append(it.sources, s)
	}
}

func (it *iterator) Next() bool {
	if it.err != nil {
		return false
	}
	for _, s := range it.sources {
		if len(s.batch) == 0 {
			s.fetch() // all of them, before waiting for one
		}
	}
	var best *source
	for _, s := range it.sources {
		if !s.ready() {
			it.err = s.err
			if it.err != nil {
				return false
			}
			continue
		}
		if best == nil || it.before(s.batch[0].key, best.batch[0].key) {
			best = s
		}
	}
	if best == nil {
		return false
	}
	it.now = best.take()
	return true
}

func (it *iterator) before(a, b []byte) bool {
	if it.reverse {
		a, b = b, a
	}
	return bytes.Compare(a, b) < 0
}

// Seek goes on with what was read already, and asks buckets anew of which nothing of it
// is left.
func (it *iterator) Seek(key []byte) bool {
	if it.err != nil {
		return false
	}
	lo := slices.Clone(key)
	if bytes.Compare(lo, it.bounds.lo) < 0 {
		lo = it.bounds.lo
	}
	back := bytes.Compare(lo, it.sought) < 0 || it.now.key != nil && bytes.Compare(lo, it.now.key) <= 0
	it.sought = lo
	for _, s := range it.sources {
		if back || !s.skip(lo) {
			it.begin(lo)
			break
		}
	}
	return it.Next()
}

// skip drops pairs before a key, and reports whether what is left is what a scan from the
// key on would begin with.
func (s *source) skip(lo []byte) bool {
	for len(s.batch) > 0 && bytes.Compare(s.batch[0].key, lo) < 0 {
		s.batch = s.batch[1:]
	}
	return len(s.batch) > 0 || s.ended && s.next == nil && s.err == nil
}

func (it *iterator) Key() []byte { return it.now.key }

func (it *iterator) Value() []byte { return it.now.value }

func (it *iterator) Close() error {
	for _, s := range it.sources {
		s.wait()
	}
	it.sources = nil
	return it.err
}
