package memory

import (
	"github.com/tidwall/btree"

	"github.com/ankgo/ank/storage/kv"
)

// reader is an immutable copy of the trees.
type reader struct {
	shards []shard
}

var _ kv.Reader = (*reader)(nil)

func (r *reader) Get(key, _ []byte) ([]byte, bool, error) { return get(r.shards, key) }

func get(shards []shard, key []byte) ([]byte, bool, error) {
	for i := range shards {
		if shards[i].first == key[0] {
			value, ok := shards[i].tree.Get(borrow(key))
			return lend(value), ok, nil
		}
	}
	return nil, false, nil
}

func (r *reader) Scan(lo, hi []byte, reverse bool) kv.Iterator {
	return newIterator(r.shards, lo, hi, reverse)
}

// Close has nothing to release: the garbage collector does.
func (r *reader) Close() error { return nil }

// iterator walks over the trees that a range touches, one after the other.
type iterator struct {
	all     []shard // that the range touches
	shards  []shard // of them, those still to be visited; in reverse from the end
	m       btree.MapIter[string, string]
	lo, hi  string
	reverse bool
	inside  bool // m stands in a tree
}

func newIterator(shards []shard, lo, hi []byte, reverse bool) *iterator {
	bounds := append(append(make([]byte, 0, len(lo)+len(hi)), lo...), hi...)
	it := &iterator{lo: borrow(bounds[:len(lo)]), hi: borrow(bounds[len(lo):]), reverse: reverse}
	from, to := 0, len(shards)
	for from < to && len(lo) > 0 && shards[from].first < lo[0] {
		from++
	}
	for to > from && len(hi) > 0 && shards[to-1].first > hi[0] {
		to--
	}
	it.all = shards[from:to]
	it.shards = it.all
	return it
}

func (it *iterator) Seek(key []byte) bool {
	it.shards, it.inside = it.all, false
	for len(it.shards) > 0 && it.shards[0].first < key[0] {
		it.shards = it.shards[1:]
	}
	lo := it.lo
	it.lo = max(lo, borrow(key)) // for as long as key is borrowed
	found := it.Next()
	it.lo = lo
	return found
}

func (it *iterator) Next() bool {
	for {
		moved := false
		if it.inside {
			moved = it.step()
		} else if len(it.shards) > 0 {
			moved = it.enter()
		} else {
			return false
		}
		if moved && it.within() {
			return true
		}
		it.inside = false
		if moved {
			it.shards = nil // beyond the range: so is every further tree
		}
	}
}

// step moves within the tree.
func (it *iterator) step() bool {
	if it.reverse {
		return it.m.Prev()
	}
	return it.m.Next()
}

// enter goes to the first key of the range in the next tree.
func (it *iterator) enter() bool {
	it.inside = true
	if !it.reverse {
		it.m = it.shards[0].tree.Iter()
		it.shards = it.shards[1:]
		return it.m.Seek(it.lo)
	}
	last := len(it.shards) - 1
	it.m = it.shards[last].tree.Iter()
	it.shards = it.shards[:last]
	if it.hi != "" && it.m.Seek(it.hi) {
		return it.m.Prev()
	}
	return it.m.Last()
}

func (it *iterator) within() bool {
	if it.reverse {
		return it.m.Key() >= it.lo
	}
	return it.hi == "" || it.m.Key() < it.hi
}

func (it *iterator) Key() []byte   { return lend(it.m.Key()) }
func (it *iterator) Value() []byte { return lend(it.m.Value()) }

func (it *iterator) Close() error {
	it.shards, it.inside = nil, false
	return nil
}
