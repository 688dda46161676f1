package wire

import (
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

// Decode reads one message. Its bytes must not change as long as the message,
// or something taken from it, is in use; but the values and the merge data of each Row have
// memory of their own, so that they may be kept without the rest. Errors are *Error.
func Decode(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return nil, &Error{Err: fmt.Errorf("%d bytes are more than the limit of %d", len(b), MaxMessage)}
	}
	r := codec.NewReader(b)
	kind := Kind(r.Byte())
	m := decodeBody(r, kind)
	if m == nil && r.Err() == nil {
		r.Fail("unknown kind of message")
	}
	if kind == KindHello {
		r.Rest() // a newer peer may say more
	}
	if err := r.Done(); err != nil {
		return nil, &Error{Kind: kind, Err: err}
	}
	return m, nil
}

func decodeBody(r *codec.Reader, kind Kind) Message {
	switch kind {
	case KindHello:
		return decodeHello(r)
	case KindProof:
		return decodeProof(r)
	case KindAuthenticate:
		return &Authenticate{
			Request: r.Uvarint(), Renews: r.Uvarint(), Principal: r.String(event.MaxAuthor), Credential: r.Bytes(MaxCredential),
		}
	case KindAuthenticated:
		return &Authenticated{Request: r.Uvarint(), Principal: r.String(event.MaxAuthor), Expires: r.Varint()}
	case KindDefine:
		return &Define{As: r.Uvarint(), Model: r.Bytes(model.MaxSchemaSize)}
	case KindBye:
		code, text := decodeRefusal(r)
		return &Bye{Code: code, Text: text}
	case KindSubscribe:
		return &Subscribe{
			Request: r.Uvarint(), As: r.Uvarint(), Collection: r.String(MaxCollection), Query: r.String(MaxQuery),
			Held: r.Uvarint(), Digest: fixed[event.Digest](r), Cursor: decodeCursor(r), Buckets: decodeSums(r), Seen: decodeCursor(r),
		}
	case KindUnsubscribe:
		return &Unsubscribe{Request: r.Uvarint()}
	case KindFetch:
		return &Fetch{Request: r.Uvarint(), As: r.Uvarint(), Collection: r.String(MaxCollection), Query: r.String(MaxQuery)}
	case KindRows:
		return decodeRows(r)
	case KindSummary:
		return &Summary{Request: r.Uvarint(), Cursor: decodeCursor(r), Count: r.Uvarint(), Digest: fixed[event.Digest](r)}
	case KindWhy:
		return decodeWhy(r)
	case KindReasons:
		return decodeReasons(r)
	case KindCompare:
		return &Compare{Request: r.Uvarint(), Buckets: decodeSums(r)}
	case KindHistory:
		return &History{Request: r.Uvarint(), As: r.Uvarint(), Collection: r.String(MaxCollection), Entity: fixed[event.ID](r)}
	case KindEvents:
		return decodeEvents(r)
	case KindGet:
		return &Get{Request: r.Uvarint(), As: r.Uvarint(), Collection: r.String(MaxCollection), Entity: fixed[event.ID](r)}
	case KindCommit:
		return decodeCommit(r)
	case KindReceipt:
		return decodeReceipt(r)
	case KindFailure:
		m := &Failure{Request: r.Uvarint()}
		m.Code, m.Text = decodeRefusal(r)
		return m
	case KindCancel:
		return &Cancel{Request: r.Uvarint()}
	case KindCredit:
		return &Credit{Request: r.Uvarint(), Bytes: r.Uvarint()}
	case KindPing:
		return &Ping{Number: r.Uvarint()}
	case KindPong:
		return &Pong{Number: r.Uvarint()}
	}
	return decodeLog(r, kind)
}

func decodeHello(r *codec.Reader) *Hello {
	m := &Hello{
		Min: r.Uvarint(), Max: r.Uvarint(), Durable: flag(r),
		System: fixed[event.System](r), Node: fixed[event.Origin](r), Time: r.Varint(), Nonce: fixed[event.Digest](r),
	}
	if n := r.Count(MaxFeatures, 1); n > 0 {
		m.Features = make([]string, n)
		for i := range m.Features {
			m.Features[i] = r.String(MaxFeature)
		}
	}
	return m
}

func decodeProof(r *codec.Reader) *Proof {
	m := new(Proof)
	copy(m.Signature[:], r.Fixed(len(m.Signature)))
	if encoded := r.Bytes(MaxText); len(encoded) > 0 {
		c, err := event.DecodeCertificate(encoded)
		if err != nil {
			r.Fail("certificate: " + err.Error())
		}
		m.Certificate = c
	}
	return m
}

func decodeRows(r *codec.Reader) *Rows {
	m := &Rows{Request: r.Uvarint(), Reset: flag(r), More: flag(r), Answer: Answer(r.Byte()), Expected: r.Uvarint(), Cursor: decodeCursor(r)}
	var rows rowReader
	// A row takes its ID, its flags and three lengths at the least.
	if n := r.Count(MaxItems, len(event.ID{})+4); n > 0 {
		m.Rows = make([]Row, n)
		for i := range m.Rows {
			rows.read(r, &m.Rows[i])
		}
	}
	if n := r.Count(MaxItems, len(event.ID{})+2); n > 0 {
		m.Departures = make([]Departure, n)
		for i := range m.Departures {
			d := &m.Departures[i]
			d.ID, d.Reason = fixed[event.ID](r), Reason(r.Byte())
			if flag(r) {
				d.Last = new(Row)
				rows.read(r, d.Last)
			}
		}
	}
	switch {
	case m.Answer > AnswerCompare:
		r.Fail("unknown kind of answer")
	case m.Answer != 0:
		m.Count, m.Digest = r.Uvarint(), fixed[event.Digest](r)
	}
	if m.Answer == AnswerCompare {
		m.Buckets = decodeBuckets(r)
	}
	return m
}

func decodeBuckets(r *codec.Reader) []uint16 {
	n := r.Count(MaxBuckets, 1)
	if n == 0 {
		return nil
	}
	buckets := make([]uint16, n)
	for i := range buckets {
		bucket := r.Uvarint()
		if bucket >= MaxBuckets || i > 0 && bucket <= uint64(buckets[i-1]) {
			r.Fail("buckets are not in ascending order, or beyond the last")
			return nil
		}
		buckets[i] = uint16(bucket)
	}
	return buckets
}

func decodeWhy(r *codec.Reader) *Why {
	m := &Why{Request: r.Uvarint(), Of: r.Uvarint()}
	if n := r.Count(MaxItems, len(event.ID{})); n > 0 {
		m.Entities = make([]event.ID, n)
		for i := range m.Entities {
			m.Entities[i] = fixed[event.ID](r)
		}
	}
	return m
}

func decodeReasons(r *codec.Reader) *Reasons {
	m := &Reasons{Request: r.Uvarint()}
	if n := r.Count(MaxItems, 1); n > 0 {
		m.Reasons = make([]Reason, n)
		for i := range m.Reasons {
			m.Reasons[i] = Reason(r.Byte())
		}
	}
	return m
}

func decodeSums(r *codec.Reader) []uint64 {
	n := r.Count(MaxBuckets, 8)
	if n == 0 {
		return nil
	}
	sums := make([]uint64, n)
	for i := range sums {
		sums[i] = r.Uint64()
	}
	return sums
}

func decodeHead(r *codec.Reader) event.Head {
	n := r.Count(event.MaxHead, len(event.ID{}))
	if n == 0 {
		r.Fail("row without a head")
	}
	head := make(event.Head, n)
	for i := range head {
		if head[i] = fixed[event.ID](r); i > 0 && !head[i-1].Less(head[i]) {
			r.Fail("head is not sorted and distinct")
		}
	}
	return head
}

func decodeEvents(r *codec.Reader) *Events {
	m := &Events{Request: r.Uvarint(), More: flag(r)}
	n := r.Count(MaxItems, len(event.ID{})+len(event.Origin{})+3)
	for range n {
		encoded := r.Bytes(MaxMessage)
		if r.Err() != nil {
			break
		}
		e, err := event.DecodeEvent(encoded)
		if err != nil {
			r.Fail("event" + ": " + err.Error())
			break
		}
		m.Items = append(m.Items, Stored{
			Event: e, Tx: fixed[event.ID](r), Origin: fixed[event.Origin](r), Seq: r.Uvarint(), Author: r.String(MaxText),
		})
	}
	return m
}

func decodeCommit(r *codec.Reader) *Commit {
	m := &Commit{Request: r.Uvarint(), As: r.Uvarint()}
	encoded := r.Bytes(MaxMessage)
	if r.Err() != nil {
		return m
	}
	tx, err := event.DecodeTransaction(encoded)
	if err != nil {
		r.Fail("transaction" + ": " + err.Error())
	}
	m.Tx = tx
	if n := r.Count(MaxReads, len(event.ID{})+len(event.Stamp{})+1); n > 0 {
		m.Reads = make([]Read, n)
		for i := range m.Reads {
			m.Reads[i] = Read{
				Collection: r.String(MaxCollection), Entity: fixed[event.ID](r), Stamp: fixed[event.Stamp](r),
			}
		}
	}
	return m
}

func decodeReceipt(r *codec.Reader) *Receipt {
	m := &Receipt{Request: r.Uvarint(), Tx: fixed[event.ID](r)}
	m.Code, m.Text = decodeRefusal(r)
	m.Origin = fixed[event.Origin](r)
	m.Seq = r.Uvarint()
	return m
}

func decodeRefusal(r *codec.Reader) (Code, string) {
	code := r.Uvarint()
	if code > 1<<16-1 {
		r.Fail("code out of range")
	}
	return Code(code), r.String(MaxText)
}

func decodeCursor(r *codec.Reader) event.Cursor {
	encoded := r.Bytes(MaxMessage)
	if r.Err() != nil {
		return event.Cursor{}
	}
	c, err := event.DecodeCursor(encoded)
	if err != nil {
		r.Fail("cursor" + ": " + err.Error())
	}
	return c
}

func flag(r *codec.Reader) bool {
	b := r.Byte()
	if b > 1 {
		r.Fail("flag is neither 0 nor 1")
	}
	return b == 1
}

// fixed reads an identifier, key or digest; zero after an error.
func fixed[T ~[16]byte | ~[32]byte](r *codec.Reader) (v T) {
	switch p := any(&v).(type) {
	case *event.ID:
		copy(p[:], r.Fixed(len(p)))
	case *event.Stamp:
		copy(p[:], r.Fixed(len(p)))
	case *event.Origin:
		copy(p[:], r.Fixed(len(p)))
	case *event.System:
		copy(p[:], r.Fixed(len(p)))
	case *event.Digest:
		copy(p[:], r.Fixed(len(p)))
	}
	return v
}
