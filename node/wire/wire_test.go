package wire_test

import (
	"crypto/sha256"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
)

func id(n byte) (id event.ID) {
	id[0], id[15] = 1, n
	return id
}

// tx returns a transaction that creates entity 1 and changes entity 2.
func tx() *event.Transaction {
	return &event.Transaction{ID: id(0x40), Events: []*event.Event{
		{
			ID: id(1), Entity: id(1), Collection: "albums", Salt: event.Salt{7},
			Ops: []event.Operation{{Kind: event.OpSet, Field: "name", Value: model.OfString("Parade").AppendTo(nil)}},
		},
	}}
}

// entry returns the first entry of a log.
func entry() *event.Entry {
	return &event.Entry{Origin: event.Origin{5}, Seq: 1, Author: "ada", Tx: tx()}
}

// messages holds one of every kind, with every field set.
func messages(t testing.TB) []wire.Message {
	var values model.TupleBuilder
	values.Set("name", model.OfString("Parade").AppendTo(nil))
	row := wire.Row{Row: model.Row{ID: id(1), Head: event.NewHead(id(2), id(3)), Deleted: true, Values: values.Tuple()}, Merge: []byte{9}}
	cursor := event.NewCursor(event.Position{Origin: event.Origin{5}, Seq: 6, Short: 7})
	return []wire.Message{
		&wire.Hello{Min: 1, Max: 2, Durable: true, System: event.System{1}, Node: event.Origin{2}, Time: -3, Nonce: event.Digest{8}, Features: []string{"a", "b"}},
		&wire.Proof{Signature: event.Signature{1, 2}},
		&wire.Proof{Certificate: event.Certificate{System: event.System{1}, Subject: event.Origin{2}, Signature: event.Signature{3}}},
		&wire.Authenticate{Request: 15, Renews: 3, Principal: "ada", Credential: []byte("token")},
		&wire.Authenticated{Request: 15, Principal: "ada", Expires: 16},
		&wire.Define{As: 15, Model: []byte("model")},
		&wire.Bye{Code: wire.CodeSystem, Text: "another system"},
		&wire.Subscribe{Request: 1, As: 2, Collection: "albums", Query: "year > 1985", Held: 2, Digest: event.Digest{3}, Cursor: cursor, Buckets: []uint64{1, 1 << 63}, Seen: cursor},
		&wire.Unsubscribe{Request: 300},
		&wire.Fetch{Request: 4, As: 2, Collection: "albums", Query: "year > 1985"},
		&wire.Rows{
			Request: 5, Reset: true, More: true, Expected: 700, Cursor: cursor, Rows: []wire.Row{row},
			Departures: []wire.Departure{{ID: id(4), Reason: wire.Limit}, {ID: id(1), Reason: wire.Deleted, Last: &row}},
		},
		&wire.Rows{Request: 5, Rows: alike(5), Departures: []wire.Departure{{ID: id(1), Reason: wire.NoMatch, Last: &alike(1)[0]}}},
		&wire.Summary{Request: 6, Cursor: cursor, Count: 7, Digest: event.Digest{8}},
		&wire.Why{Request: 7, Of: 6, Entities: []event.ID{id(1), id(2)}},
		&wire.Reasons{Request: 7, Reasons: []wire.Reason{wire.Limit, wire.Denied}},
		&wire.Compare{Request: 6, Buckets: []uint64{3, 4, 5}},
		&wire.Rows{Request: 6, Answer: wire.AnswerCursor, Cursor: cursor, Count: 7, Digest: event.Digest{8}, Rows: []wire.Row{row}},
		&wire.Rows{Request: 6, Answer: wire.AnswerCompare, Cursor: cursor, Count: 7, Digest: event.Digest{8}, Buckets: []uint16{0, 2, wire.MaxBuckets - 1}},
		&wire.History{Request: 7, As: 2, Collection: "albums", Entity: id(1)},
		&wire.Events{Request: 8, More: true, Items: []wire.Stored{
			{Event: tx().Events[0], Tx: id(0x40), Origin: event.Origin{5}, Seq: 9, Author: "ada"},
		}},
		&wire.Commit{Request: 9, As: 2, Tx: tx(), Reads: []wire.Read{{Collection: "albums", Entity: id(2), Stamp: event.Stamp{4}}}},
		&wire.Receipt{Request: 9, Tx: id(0x40), Code: wire.CodeDenied, Text: "no", Origin: event.Origin{1}, Seq: 2},
		&wire.Failure{Request: 10, Code: wire.CodeInternal, Text: "oh"},
		&wire.Cancel{Request: 11},
		&wire.Credit{Request: 11, Bytes: 1 << 20},
		&wire.Ping{Number: 12},
		&wire.Pong{Number: 13},
		&wire.Get{Request: 14, As: 2, Collection: "albums", Entity: id(1)},
		&wire.Follow{Number: 15, Live: true, Cursor: cursor},
		&wire.Entries{
			Certificates: []event.Certificate{{System: event.System{1}, Subject: event.Origin{5}, Signature: event.Signature{2}}},
			Entries:      []*event.Entry{entry()},
			Heads:        []event.SignedHead{{Origin: event.Origin{5}, Seq: 1, Hash: event.Digest{3}, Closed: true, Signature: event.Signature{4}}},
		},
		&wire.Piece{More: true, Bytes: []byte{5}},
		&wire.Caught{Number: 16},
		&wire.Progress{Bytes: 17, Settled: 18},
		&wire.Refuse{Origin: event.Origin{5}, Seq: 19, Code: wire.CodeDenied, Text: "no"},
		&wire.Closed{Heads: []event.SignedHead{{Origin: event.Origin{5}, Seq: 20, Hash: event.Digest{3}, Closed: true, Signature: event.Signature{4}}}},
	}
}

func TestEveryKindSurvivesTheWire(t *testing.T) {
	seen := make(map[wire.Kind]bool)
	for _, m := range messages(t) {
		encoded := wire.Append(nil, m)
		got, err := wire.Decode(encoded)
		require.NoError(t, err, "%T", m)
		require.Empty(t, cmp.Diff(m, got, cmp.AllowUnexported(event.Cursor{}, model.Tuple{})), "%T", m)
		require.Equal(t, encoded, wire.Append(nil, got), "%T: same message, same bytes", m)
		seen[m.Kind()] = true
	}
	require.Len(t, seen, int(wire.KindReasons+wire.KindClosed-wire.KindFollow+1), "a kind has no example here")
}

func TestDamagedMessagesAreRefused(t *testing.T) {
	for _, m := range messages(t) {
		encoded := wire.Append(nil, m)
		for cut := range len(encoded) {
			_, err := wire.Decode(encoded[:cut])
			var bad *wire.Error
			require.ErrorAs(t, err, &bad, "%T cut at %d of %d", m, cut, len(encoded))
		}
		_, err := wire.Decode(append(encoded, 0))
		if m.Kind() == wire.KindHello {
			require.NoError(t, err, "a newer hello may say more")
		} else {
			require.Error(t, err, "%T with a byte left over", m)
		}
	}
}

func TestWhatIsBeyondALimitIsRefused(t *testing.T) {
	long := strings.Repeat("x", wire.MaxQuery+1)
	_, err := wire.Decode(wire.Append(nil, &wire.Fetch{Query: long}))
	require.Error(t, err)
	_, err = wire.Decode(wire.Append(nil, &wire.Fetch{Collection: long[:wire.MaxCollection+1]}))
	require.Error(t, err)
	_, err = wire.Decode(wire.Append(nil, &wire.Rows{Departures: make([]wire.Departure, wire.MaxItems+1)}))
	require.Error(t, err)
	_, err = wire.Decode(make([]byte, wire.MaxMessage+1))
	require.Error(t, err)
	_, err = wire.Decode([]byte{200})
	require.ErrorContains(t, err, "unknown kind")
	_, err = wire.Decode(nil)
	require.Error(t, err)
}

func TestARefusalsTextIsCutBetweenCharacters(t *testing.T) {
	text := strings.Repeat("é", wire.MaxText)
	got, err := wire.Decode(wire.Append(nil, &wire.Bye{Text: "x" + text}))
	require.NoError(t, err)
	require.Equal(t, "x"+text[:wire.MaxText-2], got.(*wire.Bye).Text)
}

// TestRowDigestsAreAsWritten: what another implementation would have to compute.
func TestRowDigestsAreAsWritten(t *testing.T) {
	joined := []model.Value{model.OfString("Prince"), model.OfInt(7)}
	digests := map[event.Digest]bool{}
	for _, row := range []struct {
		id     event.ID
		stamp  event.Stamp
		joined []model.Value
	}{
		{id(1), event.Stamp{1}, nil},
		{id(2), event.Stamp{1}, nil},
		{id(1), event.Stamp{2}, nil},
		{id(1), event.Stamp{1}, joined},
		{id(1), event.Stamp{1}, joined[:1]},
	} {
		b := append([]byte("ank/row"), row.id[:]...)
		b = append(b, row.stamp[:]...)
		for _, v := range row.joined {
			encoded := v.AppendTo(nil)
			b = append(append(b, byte(len(encoded))), encoded...)
		}
		d := wire.RowDigest(row.id, row.stamp, row.joined)
		require.Equal(t, event.Digest(sha256.Sum256(b)), d)
		require.False(t, digests[d])
		digests[d] = true
	}
	hash := fnv.New64a()
	one := id(1)
	_, _ = hash.Write(one[:])
	require.Equal(t, int(hash.Sum64()%1000), wire.Bucket(one, 1000))
}

func TestBucketsHaveAnOrder(t *testing.T) {
	for _, buckets := range [][]uint16{{1, 1}, {2, 1}, {wire.MaxBuckets}} {
		_, err := wire.Decode(wire.Append(nil, &wire.Rows{Answer: wire.AnswerCompare, Buckets: buckets}))
		require.ErrorContains(t, err, "buckets", "%v", buckets)
	}
	_, err := wire.Decode(wire.Append(nil, &wire.Compare{Buckets: make([]uint64, wire.MaxBuckets+1)}))
	require.Error(t, err)
	_, err = wire.Decode(wire.Append(nil, &wire.Why{Entities: make([]event.ID, wire.MaxItems+1)}))
	require.Error(t, err)
	_, err = wire.Decode(wire.Append(nil, &wire.Reasons{Reasons: make([]wire.Reason, wire.MaxItems+1)}))
	require.Error(t, err)
	_, err = wire.Decode(wire.Append(nil, &wire.Rows{Answer: wire.AnswerCompare + 1}))
	require.ErrorContains(t, err, "unknown kind of answer")
}

func TestCodesHaveNames(t *testing.T) {
	require.Equal(t, "denied", wire.CodeDenied.String())
	require.Equal(t, "code 9999", wire.Code(9999).String())
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(wire.Append(nil, m))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := wire.Decode(encoded)
		if err != nil || m.Kind() == wire.KindHello {
			return
		}
		if bye, ok := m.(*wire.Bye); ok && len(bye.Text) > wire.MaxText {
			t.Fatal("text beyond its limit")
		}
		require.Equal(t, encoded, wire.Append(nil, m))
	})
}
