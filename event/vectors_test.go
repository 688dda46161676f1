package event_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

var update = flag.Bool("update", false, "write testdata/vectors.txt anew; a change of existing vectors is a new format version")

const vectorsFile = "testdata/vectors.txt"

// TestVectors holds what the code writes against the committed vectors, line by
// line, and decodes their encodings again.
func TestVectors(t *testing.T) {
	got := vectors(t)
	if *update {
		require.NoError(t, os.WriteFile(vectorsFile, []byte(got), 0o644))
	}
	want, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"))
}

// TestVectorsDecode reads the committed file only: each encoding must decode
// and have the hash that stands with it.
func TestVectorsDecode(t *testing.T) {
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	decoded := 0
	for section := range strings.SplitSeq(string(text), "\n\n") {
		fields := make(map[string]string)
		for line := range strings.Lines(section) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				fields[name] = value
			}
		}
		b, err := hex.DecodeString(fields["encoding"])
		require.NoError(t, err)
		kind, _, _ := strings.Cut(fields["vector"], ",")
		switch kind {
		case "event":
			e, err := event.DecodeEvent(b)
			require.NoError(t, err, section)
			require.NoError(t, e.Validate(), section)
			require.Equal(t, fields["digest"], e.Digest().String(), section)
		case "transaction":
			tx, err := event.DecodeTransaction(b)
			require.NoError(t, err, section)
			require.NoError(t, tx.Validate(), section)
			require.Equal(t, fields["digest"], tx.Digest().String(), section)
		case "entry":
			e, err := event.DecodeEntry(b)
			require.NoError(t, err, section)
			require.NoError(t, e.Validate(), section)
			require.Equal(t, fields["hash"], e.Hash().String(), section)
		case "signed head":
			h, err := event.DecodeSignedHead(b)
			require.NoError(t, err, section)
			require.NoError(t, h.Verify(), section)
		case "certificate":
			c, err := event.DecodeCertificate(b)
			require.NoError(t, err, section)
			require.NoError(t, c.Verify(), section)
		case "cursor":
			_, err := event.DecodeCursor(b)
			require.NoError(t, err, section)
		default:
			continue
		}
		decoded++
	}
	require.GreaterOrEqual(t, decoded, 15)
}

// vectorWriter writes the sections of the vectors' file.
type vectorWriter struct{ strings.Builder }

func (w *vectorWriter) section(name string) { fmt.Fprintf(w, "\nvector: %s\n", name) }

func (w *vectorWriter) event(name string, e *event.Event) {
	w.section("event, " + name)
	w.describe("", e)
	fmt.Fprintf(w, "encoding: %x\ndigest: %v\n", e.AppendTo(nil), e.Digest())
}

// describe writes every field of an event, one a line.
func (w *vectorWriter) describe(indent string, e *event.Event) {
	fmt.Fprintf(w, "%sid: %v\n%scollection: %q\n%sentity: %v\n", indent, e.ID, indent, e.Collection, indent, e.Entity)
	for _, p := range e.Precursors {
		fmt.Fprintf(w, "%sprecursor: %v\n", indent, p)
	}
	for i, op := range e.Ops {
		fmt.Fprintf(w, "%sop %d: field %q kind %d", indent, i, op.Field, op.Kind)
		if op.Path != "" {
			fmt.Fprintf(w, " path %q", op.Path)
		}
		if op.FieldHead != nil {
			fmt.Fprintf(w, " field head %v", op.FieldHead)
		}
		if op.Erased != nil {
			fmt.Fprintf(w, " erased %v", op.Erased.Commitment)
		}
		if len(op.Value) > 0 {
			fmt.Fprintf(w, " value %x", op.Value)
		}
		if e.OpSalts != nil && len(op.Value) > 0 {
			fmt.Fprintf(w, " salt %x", e.OpSalts[i])
		}
		w.WriteByte('\n')
	}
	if e.Salt != (event.Salt{}) {
		fmt.Fprintf(w, "%ssalt: %x\n", indent, e.Salt)
	}
	w.extensions(indent, e.Ext)
}

func (w *vectorWriter) extensions(indent string, ext []event.Extension) {
	for _, x := range ext {
		fmt.Fprintf(w, "%sextension %d: %x\n", indent, x.Tag, x.Value)
	}
}

func (w *vectorWriter) transaction(name string, tx *event.Transaction) {
	w.section("transaction, " + name)
	w.describeTransaction(tx)
	fmt.Fprintf(w, "encoding: %x\ndigest: %v\n", tx.AppendTo(nil), tx.Digest())
}

func (w *vectorWriter) describeTransaction(tx *event.Transaction) {
	fmt.Fprintf(w, "transaction: %v\n", tx.ID)
	for i, e := range tx.Events {
		fmt.Fprintf(w, "event %d:\n", i)
		w.describe("  ", e)
	}
	w.extensions("", tx.Ext)
}

func (w *vectorWriter) entry(name string, e *event.Entry) {
	w.section("entry, " + name)
	fmt.Fprintf(w, "origin: %v\nseq: %d\nprev: %v\nauthor: %q\n", e.Origin, e.Seq, e.Prev, e.Author)
	w.describeTransaction(e.Tx)
	for i, added := range e.Added {
		fmt.Fprintf(w, "added event %d:\n", i)
		w.describe("  ", added)
	}
	fmt.Fprintf(w, "encoding: %x\nhash: %v\n", e.AppendTo(nil), e.Hash())
}

func vectors(t *testing.T) string {
	w := new(vectorWriter)
	w.WriteString("# Test vectors of FORMAT.md, version 1. Texts are quoted, bytes are in hexadecimal,\n" +
		"# IDs in base 32. Written by: go test ./event -run TestVectors -update\n")
	events := vectorEvents(t)
	for _, v := range events {
		w.event(v.name, v.event)
	}
	vectorLog(t, w, events[0].event, events[1].event, events[3].event)
	vectorHeads(w)
	return w.String()
}

type vectorEvent struct {
	name  string
	event *event.Event
}

func parseID(t *testing.T, s string) event.ID {
	t.Helper()
	id, err := event.ParseID(s)
	require.NoError(t, err)
	return id
}

// vectorEvents are events of every shape. The first one creates, the second one
// updates, the fourth one updates another entity.
func vectorEvents(t *testing.T) []vectorEvent {
	entity := parseID(t, "01JGFJJZ00ABCDEFGHJKMNPQRS")
	other := parseID(t, "01JGFJJZ01ABCDEFGHJKMNPQRT")
	tx := parseID(t, "01JGFJJZ0Z0123456789000000").Transaction()
	salt := event.Salt{0: 0xa0, 15: 0x0a}
	creation := &event.Event{
		ID: entity, Entity: entity, Collection: "album", Salt: salt,
		Ops: []event.Operation{{Field: "name", Kind: event.OpSet, Value: []byte("Parade")}},
	}
	values := &event.Event{
		ID: tx.Update(1), Entity: entity, Collection: "album", Precursors: event.Head{entity}, Salt: salt,
		Ops: []event.Operation{
			{Field: "name", Kind: event.OpSet, Value: []byte("Parade")},
			{Field: "titel_ü", Kind: event.OpSet, Value: []byte{0}},
			{Field: "year", Kind: event.OpSet, Value: slices.Repeat([]byte{7}, 130)},
		},
	}
	shapes := &event.Event{
		ID: tx.Update(2), Entity: other, Collection: "x", Precursors: event.Head{other.Update(5), other.Update(9)}, Salt: salt,
		Ops: []event.Operation{
			{Field: "all", Kind: 0xffff, Path: "a.b", FieldHead: event.Head{other}, Value: []byte("v")},
			{Field: "none", Kind: 200, FieldHead: event.Head{}},
		},
		Ext: []event.Extension{{Tag: 0}, {Tag: 1 << 63, Value: []byte{1, 2}}},
	}
	deleted := &event.Event{
		ID: tx.Update(2), Entity: other, Collection: "album", Precursors: event.Head{other},
		Ops: []event.Operation{{Kind: event.OpDelete}},
	}
	join := &event.Event{
		ID: tx.Update(1), Entity: entity, Collection: "album", Precursors: event.Head{entity.Update(3), entity.Update(1 << 16)},
	}
	return []vectorEvent{
		{"creation", creation},
		{"three values, two salts of one hash", values},
		{"unknown kinds, path, field heads and extensions", shapes},
		{"deletion: no value and no salt", deleted},
		{"join", join},
		{"the one with three values, its second one erased", values.Erase(1)},
		{"the one with three values, all erased", values.Erase(1).Erase(0).Erase(2)},
	}
}

// vectorLog writes two transactions and a log of two entries.
func vectorLog(t *testing.T, w *vectorWriter, creation, update, deletion *event.Event) {
	first := &event.Transaction{ID: update.ID.Transaction(), Events: []*event.Event{update, deletion}}
	first.Ext = []event.Extension{{Tag: event.TagNote, Value: []byte("hello")}}
	second := &event.Transaction{ID: parseID(t, "01JGFJJZ00ABCDEFGHJKR00000"), Events: []*event.Event{creation}}
	w.transaction("two updates and a note", first)
	w.transaction("one creation", second)

	log := eventtest.NewLog(t, 1)
	fmt.Fprintf(w, "\nvector: private key\nsecret: %x\norigin: %v\n", log.Key.Bytes(), log.Key.Public())
	log.Author = ""
	w.entry("the first of a log", log.Append(second))
	log.Author = "user:ü"
	audit := parseID(t, "01JGFJJZ10ABCDEFGHJKMNPQRS")
	w.entry("with an added event", log.Append(first, &event.Event{ID: audit, Entity: audit, Collection: "audit"}))

	for _, h := range []event.SignedHead{
		log.Head(2), event.SignHead(log.Key, 2, log.Head(2).Hash, true), log.Head(0),
	} {
		w.section(fmt.Sprintf("signed head, seq %d", h.Seq))
		fmt.Fprintf(w, "origin: %v\nhash: %v\nclosed: %v\nsignature: %x\nencoding: %x\n", h.Origin, h.Hash, h.Closed, h.Signature, h.AppendTo(nil))
	}
	root := eventtest.NewLog(t, 2).Key
	c := event.Certify(root, log.Key.Public())
	w.section("certificate, of the origin by a system")
	fmt.Fprintf(w, "system: %v\nsubject: %v\nencoding: %x\n", c.System, c.Subject, c.AppendTo(nil))

	cursor := event.NewCursor(log.Entries[1].Position(), event.Position{Origin: root.Public(), Seq: 300, Short: 1})
	w.section("cursor, in two logs")
	for _, p := range cursor.Positions() {
		fmt.Fprintf(w, "position in %v: seq %d short %016x\n", p.Origin, p.Seq, p.Short)
	}
	fmt.Fprintf(w, "encoding: %x\n", cursor.AppendTo(nil))
	w.section("cursor, zero")
	fmt.Fprintf(w, "encoding: %x\n", event.Cursor{}.AppendTo(nil))
}

// vectorHeads writes stamps.
func vectorHeads(w *vectorWriter) {
	for _, h := range []event.Head{{}, {{1}}, {{1}, {2}}} {
		w.section("head")
		fmt.Fprintf(w, "head: %v\nencoding: %x\nstamp: %x\n", h, h.AppendTo(nil), h.Stamp())
	}
}
