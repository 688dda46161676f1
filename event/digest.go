package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/internal/codec"
)

// The first bytes of everything that is hashed or signed. No tag is the
// beginning of another, so that nothing hashed for one purpose can stand for
// something else. The 1 is the version of the hashing rules.
const (
	tagSalt        = "ank1/salt"
	tagValue       = "ank1/value"
	tagEvent       = "ank1/event"
	tagTransaction = "ank1/transaction"
	tagEntry       = "ank1/entry"
	tagHead        = "ank1/head"
	tagSignedHead  = "ank1/signed-head"
	tagCertificate = "ank1/certificate"
)

// A Digest is a SHA-256 hash.
type Digest [32]byte

// IsZero reports whether d is the zero Digest, which stands for none.
func (d Digest) IsZero() bool { return d == Digest{} }

// Compare returns -1, 0 or +1 as d sorts before, with or after other. Of two
// events with one ID, the one with the smaller digest counts.
func (d Digest) Compare(other Digest) int { return bytes.Compare(d[:], other[:]) }

// Short is the digest's first 8 bytes, as cursors keep them.
func (d Digest) Short() uint64 { return binary.BigEndian.Uint64(d[:8]) }

// String returns 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// opSalt is the salt of the i-th operation's value. One hash yields the salts of
// two operations.
func (e *Event) opSalt(i int) Salt {
	if len(e.OpSalts) == len(e.Ops) {
		return e.OpSalts[i]
	}
	pair := e.saltPair(i / 2)
	return pair[i%2]
}

// saltPair derives the salts of operations 2n and 2n+1.
func (e *Event) saltPair(n int) (pair [2]Salt) {
	var buf [len(tagSalt) + len(Salt{}) + codec.MaxVarint]byte
	b := append(buf[:0], tagSalt...)
	b = append(b, e.Salt[:]...)
	b = codec.AppendUvarint(b, uint64(n))
	sum := sha256.Sum256(b)
	copy(pair[0][:], sum[:16])
	copy(pair[1][:], sum[16:])
	return pair
}

// commit returns what stands for a value in the digest of its event.
func commit(salt Salt, value []byte) Digest {
	var buf [256]byte
	b := append(buf[:0], tagValue...)
	b = append(b, salt[:]...)
	return sha256.Sum256(append(b, value...))
}

// Digest returns the event's digest: the hash of its encoding with every value
// replaced by its commitment. It is the same before and after an erasure.
// (ID, Digest) is an event's identity.
func (e *Event) Digest() Digest {
	var buf [1024]byte
	b := append(buf[:0], tagEvent...)
	return sha256.Sum256(e.appendErased(b))
}

// Digest returns the hash of the transaction over the digests of its events.
func (t *Transaction) Digest() Digest {
	var buf [1024]byte
	b := append(buf[:0], tagTransaction...)
	b = append(b, t.ID[:]...)
	b = appendDigests(b, t.Events)
	return sha256.Sum256(appendExtensions(b, t.Ext))
}

// Hash returns the hash that the next entry of the log names as its Prev. It
// covers the whole entry through digests, so that it outlives erasures.
func (e *Entry) Hash() Digest {
	var buf [1024]byte
	b := append(buf[:0], tagEntry...)
	b = append(b, e.Origin[:]...)
	b = codec.AppendUint64(b, e.Seq)
	b = append(b, e.Prev[:]...)
	b = codec.AppendString(b, e.Author)
	tx := e.Tx.Digest()
	b = append(b, tx[:]...)
	b = appendDigests(b, e.Added)
	return sha256.Sum256(appendExtensions(b, e.Ext))
}

func appendDigests(b []byte, events []*Event) []byte {
	b = codec.AppendUvarint(b, uint64(len(events)))
	if len(events) >= manyEvents {
		return append(b, manyDigests(events)...)
	}
	for _, ev := range events {
		d := ev.Digest()
		b = append(b, d[:]...)
	}
	return b
}

// manyEvents is where hashing the events of a transaction is shared among the
// processors, sharedEvents at a time: hashes are a good part of what committing
// a large transaction costs.
const (
	manyEvents   = 128
	sharedEvents = 32
)

func manyDigests(events []*Event) []byte {
	all := make([]byte, len(events)*len(Digest{}))
	var taken atomic.Int64
	work := func() {
		for {
			end := int(taken.Add(sharedEvents))
			for i := end - sharedEvents; i < min(end, len(events)); i++ {
				d := events[i].Digest()
				copy(all[i*len(d):], d[:])
			}
			if end >= len(events) {
				return
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(events)/sharedEvents) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return all
}
