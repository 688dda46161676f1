package wire

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
)

// The kinds of messages between durable nodes; Closed is said to ephemeral ones too.
const (
	KindFollow Kind = iota + 64
	KindEntries
	KindPiece
	KindCaught
	KindProgress
	KindRefuse
	KindClosed
)

// Follow asks a durable node for what its logs hold beyond Cursor, now and, if Live,
// for good. Asking again replaces what was asked before.
type Follow struct {
	Number uint64 // 1, 2, 3, ... on a connection
	Live   bool
	Cursor event.Cursor
}

// Entries are parts of logs: consecutive entries of each, beginning after what was
// asked for or sent last. Heads vouch for entries up to their position, of this
// message and of those before; without one the receiver stores nothing. The
// certificate of an origin comes no later than its first entry.
type Entries struct {
	Certificates []event.Certificate
	Entries      []*event.Entry
	Heads        []event.SignedHead
}

// Piece is a part of an encoded entry that is too large for a message. The last one
// is without More, and ends the entry.
type Piece struct {
	More  bool
	Bytes []byte
}

// Caught tells that what Follow number Number asked for has been sent, as far as it
// was there when that was read.
type Caught struct{ Number uint64 }

// Progress tells how much of the entries was taken up.
type Progress struct {
	// Bytes counts the encoded messages of kind Entries and Piece, from the beginning
	// of the connection: what of it is stored, waits for something else, or was of no
	// use.
	Bytes uint64
	// Settled is the number of the last Caught of which everything before is stored, or
	// never will be.
	Settled uint64
}

// Refuse tells that a log is not taken from Seq on.
type Refuse struct {
	Origin event.Origin
	Seq    uint64
	Code   Code
	Text   string
}

// Closed tells of logs that their origins have given up: each has signed, with Closed
// set, how much of its log it had then. A durable node says it first, to whoever it
// speaks with, of all logs that it knows of, if there are any, and later when it learns
// of one. What somebody has seen of such a log beyond that may be lost.
type Closed struct{ Heads []event.SignedHead }

// MaxClosed is how many logs a Closed may tell of.
const MaxClosed = 256

// Kind implements Message.
func (*Closed) Kind() Kind { return KindClosed }

// Kind implements Message.
func (*Follow) Kind() Kind { return KindFollow }

// Kind implements Message.
func (*Entries) Kind() Kind { return KindEntries }

// Kind implements Message.
func (*Piece) Kind() Kind { return KindPiece }

// Kind implements Message.
func (*Caught) Kind() Kind { return KindCaught }

// Kind implements Message.
func (*Progress) Kind() Kind { return KindProgress }

// Kind implements Message.
func (*Refuse) Kind() Kind { return KindRefuse }

func (m *Follow) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Number)
	b = appendFlag(b, m.Live)
	return appendCursor(b, m.Cursor)
}

func (m *Entries) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, uint64(len(m.Certificates)))
	for i := range m.Certificates {
		b = codec.AppendBytes(b, m.Certificates[i].AppendTo(nil))
	}
	b = codec.AppendUvarint(b, uint64(len(m.Entries)))
	for _, e := range m.Entries {
		b = codec.AppendUvarint(b, uint64(e.Size()))
		b = e.AppendTo(b)
	}
	return appendHeads(b, m.Heads)
}

func appendHeads(b []byte, heads []event.SignedHead) []byte {
	b = codec.AppendUvarint(b, uint64(len(heads)))
	for i := range heads {
		b = codec.AppendBytes(b, heads[i].AppendTo(nil))
	}
	return b
}

func (m *Closed) appendBody(b []byte) []byte { return appendHeads(b, m.Heads) }

// room is about how many bytes the message takes, and rather too many.
func (m *Entries) room() int {
	const each = 8 // the length before an entry
	n := len(m.Certificates)*2*minCertificate + len(m.Heads)*2*minSignedHead + 4*each
	for _, e := range m.Entries {
		n += each + e.Size()
	}
	return n
}

func (m *Piece) appendBody(b []byte) []byte {
	return codec.AppendBytes(appendFlag(b, m.More), m.Bytes)
}

func (m *Caught) appendBody(b []byte) []byte { return codec.AppendUvarint(b, m.Number) }

func (m *Progress) appendBody(b []byte) []byte {
	return codec.AppendUvarint(codec.AppendUvarint(b, m.Bytes), m.Settled)
}

func (m *Refuse) appendBody(b []byte) []byte {
	b = append(b, m.Origin[:]...)
	b = codec.AppendUvarint(b, m.Seq)
	return appendRefusal(b, m.Code, m.Text)
}

// decodeLog reads a message between durable nodes; nil if it is none.
func decodeLog(r *codec.Reader, kind Kind) Message {
	switch kind {
	case KindFollow:
		return &Follow{Number: r.Uvarint(), Live: flag(r), Cursor: decodeCursor(r)}
	case KindEntries:
		return decodeEntries(r)
	case KindClosed:
		return &Closed{Heads: list(r, MaxClosed, minSignedHead, event.DecodeSignedHead)}
	case KindPiece:
		return &Piece{More: flag(r), Bytes: r.Bytes(MaxMessage)}
	case KindCaught:
		return &Caught{Number: r.Uvarint()}
	case KindProgress:
		return &Progress{Bytes: r.Uvarint(), Settled: r.Uvarint()}
	case KindRefuse:
		m := &Refuse{Origin: fixed[event.Origin](r), Seq: r.Uvarint()}
		m.Code, m.Text = decodeRefusal(r)
		return m
	}
	return nil
}

// What a certificate, an entry and a signed head take at the least.
const (
	minCertificate = 1 + 32 + 32 + 64
	minEntry       = 1 + 32 + 1 + 32
	minSignedHead  = 1 + 32 + 1 + 32 + 1 + 64
)

func decodeEntries(r *codec.Reader) *Entries {
	var d event.Decoder
	return &Entries{
		Certificates: list(r, MaxItems, minCertificate, event.DecodeCertificate),
		Entries:      list(r, MaxItems, minEntry, d.Entry),
		Heads:        list(r, MaxItems, minSignedHead, event.DecodeSignedHead),
	}
}

// list reads things that have their length before them.
func list[T any](r *codec.Reader, most, least int, decode func([]byte) (T, error)) []T {
	n := r.Count(most, least)
	if n == 0 {
		return nil
	}
	all := make([]T, 0, n)
	for range n {
		encoded := r.Bytes(MaxMessage)
		if r.Err() != nil {
			break
		}
		one, err := decode(encoded)
		if err != nil {
			r.Fail(err.Error())
			break
		}
		all = append(all, one)
	}
	return all
}
