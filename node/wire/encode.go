package wire

import (
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
)

// Append appends the encoding of m to b. It does not check limits: a sender
// splits what is long by MaxItems and MaxMessage.
func Append(b []byte, m Message) []byte {
	room := smallRoom
	if large, ok := m.(interface{ room() int }); ok {
		room = large.room()
	}
	b = slices.Grow(b, room)
	return m.appendBody(append(b, byte(m.Kind())))
}

// smallRoom is room for most messages that are not asked how much they need.
const smallRoom = 64

func (m *Hello) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Min)
	b = codec.AppendUvarint(b, m.Max)
	b = appendFlag(b, m.Durable)
	b = append(b, m.System[:]...)
	b = append(b, m.Node[:]...)
	b = codec.AppendVarint(b, m.Time)
	b = append(b, m.Nonce[:]...)
	b = codec.AppendUvarint(b, uint64(len(m.Features)))
	for _, f := range m.Features {
		b = codec.AppendString(b, f)
	}
	return b
}

func (m *Proof) appendBody(b []byte) []byte {
	b = append(b, m.Signature[:]...)
	if m.Certificate.System.IsZero() {
		return codec.AppendBytes(b, nil)
	}
	return codec.AppendBytes(b, m.Certificate.AppendTo(nil))
}

func (m *Authenticate) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.Renews)
	b = codec.AppendString(b, m.Principal)
	return codec.AppendBytes(b, m.Credential)
}

func (m *Authenticated) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendString(b, m.Principal)
	return codec.AppendVarint(b, m.Expires)
}

func (m *Define) appendBody(b []byte) []byte {
	return codec.AppendBytes(codec.AppendUvarint(b, m.As), m.Model)
}

func (m *Bye) appendBody(b []byte) []byte {
	return appendRefusal(b, m.Code, m.Text)
}

func (m *Subscribe) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.As)
	b = codec.AppendString(b, m.Collection)
	b = codec.AppendString(b, m.Query)
	b = codec.AppendUvarint(b, m.Held)
	b = append(b, m.Digest[:]...)
	b = appendCursor(b, m.Cursor)
	b = appendSums(b, m.Buckets)
	return appendCursor(b, m.Seen)
}

func (m *Compare) appendBody(b []byte) []byte {
	return appendSums(codec.AppendUvarint(b, m.Request), m.Buckets)
}

func (m *Why) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.Of)
	b = codec.AppendUvarint(b, uint64(len(m.Entities)))
	for _, id := range m.Entities {
		b = append(b, id[:]...)
	}
	return b
}

func (m *Reasons) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, uint64(len(m.Reasons)))
	for _, reason := range m.Reasons {
		b = append(b, byte(reason))
	}
	return b
}

func appendSums(b []byte, sums []uint64) []byte {
	b = codec.AppendUvarint(b, uint64(len(sums)))
	for _, sum := range sums {
		b = codec.AppendUint64(b, sum)
	}
	return b
}

func (m *Unsubscribe) appendBody(b []byte) []byte { return codec.AppendUvarint(b, m.Request) }

func (m *Fetch) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.As)
	b = codec.AppendString(b, m.Collection)
	return codec.AppendString(b, m.Query)
}

func (m *Rows) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = appendFlag(b, m.Reset)
	b = appendFlag(b, m.More)
	b = append(b, byte(m.Answer))
	b = codec.AppendUvarint(b, m.Expected)
	b = appendCursor(b, m.Cursor)
	b = codec.AppendUvarint(b, uint64(len(m.Rows)))
	var w rowWriter
	for i := range m.Rows {
		b = w.append(b, &m.Rows[i])
	}
	b = codec.AppendUvarint(b, uint64(len(m.Departures)))
	for _, d := range m.Departures {
		b = append(b, d.ID[:]...)
		b = append(b, byte(d.Reason))
		b = appendFlag(b, d.Last != nil)
		if d.Last != nil {
			b = w.append(b, d.Last)
		}
	}
	if m.Answer == 0 {
		return b
	}
	b = append(codec.AppendUvarint(b, m.Count), m.Digest[:]...)
	if m.Answer == AnswerCompare {
		b = codec.AppendUvarint(b, uint64(len(m.Buckets)))
		for _, bucket := range m.Buckets {
			b = codec.AppendUvarint(b, uint64(bucket))
		}
	}
	return b
}

// room is about how many bytes the message takes, and rather too many.
func (m *Rows) room() int {
	const each = 2*len(event.ID{}) + 8
	n := 4*each + 64*m.Cursor.Len()
	for i := range m.Rows {
		n += each + len(m.Rows[i].Row.Values.Bytes()) + len(m.Rows[i].Merge)
	}
	return n
}

func (m *Summary) appendBody(b []byte) []byte {
	b = appendCursor(codec.AppendUvarint(b, m.Request), m.Cursor)
	return append(codec.AppendUvarint(b, m.Count), m.Digest[:]...)
}

func (m *History) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.As)
	b = codec.AppendString(b, m.Collection)
	return append(b, m.Entity[:]...)
}

func (m *Events) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = appendFlag(b, m.More)
	b = codec.AppendUvarint(b, uint64(len(m.Items)))
	for _, item := range m.Items {
		b = codec.AppendUvarint(b, uint64(item.Event.Size()))
		b = item.Event.AppendTo(b)
		b = append(b, item.Tx[:]...)
		b = append(b, item.Origin[:]...)
		b = codec.AppendUvarint(b, item.Seq)
		b = codec.AppendString(b, item.Author)
	}
	return b
}

// room is about how many bytes the message takes, and rather too many.
func (m *Commit) room() int { return smallRoom + m.Tx.Size() + smallRoom*len(m.Reads) }

func (m *Commit) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.As)
	b = codec.AppendUvarint(b, uint64(m.Tx.Size()))
	b = m.Tx.AppendTo(b)
	b = codec.AppendUvarint(b, uint64(len(m.Reads)))
	for _, read := range m.Reads {
		b = codec.AppendString(b, read.Collection)
		b = append(b, read.Entity[:]...)
		b = append(b, read.Stamp[:]...)
	}
	return b
}

func (m *Get) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = codec.AppendUvarint(b, m.As)
	b = codec.AppendString(b, m.Collection)
	return append(b, m.Entity[:]...)
}

func (m *Receipt) appendBody(b []byte) []byte {
	b = codec.AppendUvarint(b, m.Request)
	b = append(b, m.Tx[:]...)
	b = appendRefusal(b, m.Code, m.Text)
	b = append(b, m.Origin[:]...)
	return codec.AppendUvarint(b, m.Seq)
}

func (m *Failure) appendBody(b []byte) []byte {
	return appendRefusal(codec.AppendUvarint(b, m.Request), m.Code, m.Text)
}

func (m *Cancel) appendBody(b []byte) []byte { return codec.AppendUvarint(b, m.Request) }

func (m *Credit) appendBody(b []byte) []byte {
	return codec.AppendUvarint(codec.AppendUvarint(b, m.Request), m.Bytes)
}

func (m *Ping) appendBody(b []byte) []byte { return codec.AppendUvarint(b, m.Number) }

func (m *Pong) appendBody(b []byte) []byte { return codec.AppendUvarint(b, m.Number) }

func appendRefusal(b []byte, code Code, text string) []byte {
	b = codec.AppendUvarint(b, uint64(code))
	return codec.AppendString(b, clip(text))
}

// clip keeps a refusal's text within its limit, cutting between characters.
func clip(text string) string {
	if len(text) <= MaxText {
		return text
	}
	cut := MaxText
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut]
}

func appendCursor(b []byte, c event.Cursor) []byte {
	return codec.PutLength(c.AppendTo(b), len(b))
}

func appendFlag(b []byte, flag bool) []byte {
	if flag {
		return append(b, 1)
	}
	return append(b, 0)
}
