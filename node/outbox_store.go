package node

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// The outbox is kept in the engine's Meta map, a transaction under each key.
const (
	metaOutbox    = "node/outbox/"
	outboxVersion = 1
)

func (p *pending) key() string {
	return metaOutbox + hex.EncodeToString(binary.BigEndian.AppendUint64(nil, p.number))
}

func (p *pending) appendTo(b []byte) []byte {
	b = append(b, outboxVersion)
	b = codec.AppendUvarint(b, p.number)
	b = codec.AppendString(b, string(p.principal))
	b = codec.AppendUvarint(b, uint64(len(p.reads)))
	for _, r := range p.reads {
		b = codec.AppendString(b, r.Collection)
		b = append(b, r.Entity[:]...)
		b = append(b, r.Stamp[:]...)
	}
	return p.tx.AppendTo(b)
}

// decodePending reads what appendTo wrote. It aliases b.
func decodePending(b []byte) (*pending, error) {
	r := codec.NewReader(b)
	if version := r.Byte(); r.Err() == nil && version != outboxVersion {
		return nil, &event.VersionError{What: "transaction in the outbox", Version: version, Supported: outboxVersion}
	}
	p := &pending{number: r.Uvarint(), principal: Principal(r.String(len(b))), done: make(chan struct{})}
	for range r.Count(len(b), len(event.ID{})+len(event.Stamp{})+1) {
		read := wire.Read{Collection: r.String(len(b))}
		copy(read.Entity[:], r.Fixed(len(read.Entity)))
		copy(read.Stamp[:], r.Fixed(len(read.Stamp)))
		p.reads = append(p.reads, read)
	}
	rest := r.Rest()
	if err := r.Err(); err != nil {
		return nil, err
	}
	var err error
	if p.tx, err = event.DecodeTransaction(rest); err != nil {
		return nil, err
	}
	p.receipt = Receipt{Transaction: p.tx.ID, Status: Pending}
	return p, nil
}

func decodeOutbox(m storage.MetaValue) (*pending, error) {
	p, err := decodePending(m.Value)
	if err != nil {
		return nil, &storage.CorruptError{What: "transaction in the outbox", Key: []byte(m.Key), Err: err}
	}
	return p, nil
}
