package kv

import "iter"

// OpKind tells what an Op does.
type OpKind uint8

// The kinds of operations. Their numbers are not stored.
const (
	OpSet         OpKind = iota // Key gets Value
	OpDelete                    // Key goes; deleting an absent key is no error
	OpDeleteRange               // every key k with Key <= k < Value goes
)

// Op is one operation of a batch. Key and Value are valid only during
// Driver.Write.
type Op struct {
	Kind  OpKind
	Key   []byte
	Value []byte // the value, or for OpDeleteRange the exclusive upper bound
}

// Writes is a batch of operations, to be applied in order: a later operation on
// a key overrules an earlier one. The zero value is empty and ready for use. All
// bytes lie in one buffer, which is used again after Reset.
type Writes struct {
	bytes  []byte
	ops    []span
	keyEnd int // of the key that is being encoded
}

// span locates an operation: the key begins where the operation before it ends.
type span struct {
	keyEnd, end int
	kind        OpKind
}

// Set adds an operation that gives key a value. Both are copied.
func (w *Writes) Set(key, value []byte) {
	w.bytes = append(w.bytes, key...)
	keyEnd := len(w.bytes)
	w.bytes = append(w.bytes, value...)
	w.ops = append(w.ops, span{keyEnd, len(w.bytes), OpSet})
}

// The engine encodes keys and values in place: it appends a key to w.bytes, calls
// endKey, appends the value and calls endSet. Or it calls drop to forget what was
// appended since the last operation.

func (w *Writes) endKey() { w.keyEnd = len(w.bytes) }

func (w *Writes) endSet() { w.ops = append(w.ops, span{w.keyEnd, len(w.bytes), OpSet}) }

// pending is what was appended since the last operation.
func (w *Writes) pending() []byte { return w.bytes[w.lastEnd():] }

func (w *Writes) drop() { w.bytes = w.bytes[:w.lastEnd()] }

func (w *Writes) lastEnd() int {
	if len(w.ops) == 0 {
		return 0
	}
	return w.ops[len(w.ops)-1].end
}

// Delete adds an operation that removes a key.
func (w *Writes) Delete(key []byte) {
	w.bytes = append(w.bytes, key...)
	w.ops = append(w.ops, span{len(w.bytes), len(w.bytes), OpDelete})
}

// DeleteRange adds an operation that removes all keys k with lo <= k < hi.
func (w *Writes) DeleteRange(lo, hi []byte) {
	w.bytes = append(w.bytes, lo...)
	keyEnd := len(w.bytes)
	w.bytes = append(w.bytes, hi...)
	w.ops = append(w.ops, span{keyEnd, len(w.bytes), OpDeleteRange})
}

// Len is the number of operations.
func (w *Writes) Len() int { return len(w.ops) }

// Size is the number of bytes of all keys and values.
func (w *Writes) Size() int { return len(w.bytes) }

// All yields the operations in order.
func (w *Writes) All() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		start := 0
		for _, s := range w.ops {
			op := Op{Kind: s.kind, Key: w.bytes[start:s.keyEnd:s.keyEnd], Value: w.bytes[s.keyEnd:s.end:s.end]}
			if !yield(op) {
				return
			}
			start = s.end
		}
	}
}

// keepBytes bounds the buffer that Reset keeps for the next batch: one huge
// batch must not hold on to its memory for ever.
const keepBytes = 1 << 20

// Reset empties the batch. Bytes of earlier operations must not be used any more.
func (w *Writes) Reset() {
	if cap(w.bytes) > keepBytes {
		*w = Writes{}
		return
	}
	w.bytes, w.ops = w.bytes[:0], w.ops[:0]
}
