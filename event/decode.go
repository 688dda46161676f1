package event

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ankgo/ank/internal/codec"
)

// The least number of bytes that things take, by which counts are bounded
// before anything is allocated for them.
const (
	minOp        = 3                    // empty field, kind, flags
	minEvent     = 1 + 2*idSize + 1 + 3 // length, IDs, collection, three counts
	minExtension = 2                    // tag, empty value
	minBody      = minEvent - 1         // an event without its length
)

// DecodeEvent decodes what [Event.AppendTo] wrote, all of b. The event aliases
// b, which must not change afterwards. What it accepts encodes to the same bytes
// again; whether the event also obeys the rules of its structure,
// [Event.Validate] tells.
func DecodeEvent(b []byte) (*Event, error) {
	r, err := open("event", b, MaxEventSize+1)
	if err != nil {
		return nil, err
	}
	e := new(Event)
	d := decoder{parts: MaxOps + MaxExtensions}
	d.event(&r, e, nil)
	if err := finish(&r, "event"); err != nil {
		return nil, err
	}
	return e, nil
}

// DecodeTransaction decodes what [Transaction.AppendTo] wrote, all of b, under
// the terms of [DecodeEvent].
func DecodeTransaction(b []byte) (*Transaction, error) {
	r, err := open("transaction", b, MaxTransactionSize+1)
	if err != nil {
		return nil, err
	}
	t := new(Transaction)
	readTransaction(&r, t, nil, nil)
	if err := finish(&r, "transaction"); err != nil {
		return nil, err
	}
	return t, nil
}

// DecodeEntry decodes what [Entry.AppendTo] wrote, all of b, under the terms of
// [DecodeEvent].
func DecodeEntry(b []byte) (*Entry, error) { return decodeEntry(b, nil) }

// A Decoder decodes one entry after another, as [DecodeEntry] does, for whoever
// reads a log: the names of collections, fields and authors that occur again do
// not alias the entries, but share memory. The zero Decoder is ready for use; it
// is not safe for concurrent use.
type Decoder struct{ names names }

// Entry decodes an entry under the terms of [DecodeEvent].
func (d *Decoder) Entry(b []byte) (*Entry, error) { return decodeEntry(b, &d.names) }

// entryBlock is the memory for most entries, in one piece: those with one event
// and, mostly, one operation.
type entryBlock struct {
	entry  Entry
	tx     Transaction
	event  [1]Event
	events [1]*Event
	ops    [1]Operation
}

func decodeEntry(b []byte, known *names) (*Entry, error) {
	r, err := open("entry", b, MaxEntrySize)
	if err != nil {
		return nil, err
	}
	block := new(entryBlock)
	e := &block.entry
	e.Tx = &block.tx
	readAddress(&r, e, known)
	tx := r.Section(MaxTransactionSize)
	readTransaction(&tx, e.Tx, known, block)
	closeSection(&r, &tx, "transaction")
	e.Added = readEvents(&r, known, nil)
	e.Ext = readExtensions(&r, MaxExtensions)
	if err := finish(&r, "entry"); err != nil {
		return nil, err
	}
	return e, nil
}

// DecodeEntryEvent decodes only the i-th event, numbered as [Entry.Events] does,
// of what [Entry.AppendTo] wrote. It skips the other events unseen, so that its
// cost hardly depends on the size of the transaction. It is for encodings that
// were decoded whole before; of damage elsewhere it may notice nothing.
func DecodeEntryEvent(b []byte, i int) (*Event, error) {
	r, err := open("entry", b, MaxEntrySize)
	if err != nil {
		return nil, err
	}
	readAddress(&r, new(Entry), nil)
	tx := r.Section(MaxTransactionSize)
	tx.Fixed(idSize)
	list, n := &tx, tx.Count(MaxTransactionEvents, minEvent)
	if i >= n && tx.Err() == nil {
		i -= n
		list, n = &r, r.Count(MaxTransactionEvents, minEvent)
	}
	if i < 0 || i >= n {
		list.Fail("no such event in the entry")
	}
	for range i {
		list.Bytes(MaxEventSize)
	}
	section := list.Section(MaxEventSize)
	e := new(Event)
	d := decoder{parts: MaxOps + MaxExtensions}
	d.event(&section, e, nil)
	if err := finish(&section, "event of an entry"); err != nil {
		return nil, err
	}
	return e, nil
}

// open checks the size and the version of an encoding that stands alone.
func open(what string, b []byte, max int) (codec.Reader, error) {
	var r codec.Reader
	if len(b) > max {
		return r, &LimitError{Of: what, What: "bytes", Limit: max, Got: len(b)}
	}
	if len(b) == 0 {
		return r, &DecodeError{What: what, Reason: "no input"}
	}
	if b[0] != formatVersion {
		return r, &VersionError{What: what, Version: b[0], Supported: formatVersion}
	}
	r.Reset(b)
	r.Byte()
	return r, nil
}

// readAddress reads what precedes an entry's transaction.
func readAddress(r *codec.Reader, e *Entry, known *names) {
	copy(e.Origin[:], r.Fixed(len(e.Origin)))
	e.Seq = r.Uvarint()
	copy(e.Prev[:], r.Fixed(len(e.Prev)))
	e.Author = known.read(r, MaxAuthor)
}

func readTransaction(r *codec.Reader, t *Transaction, known *names, room *entryBlock) {
	copy(t.ID[:], r.Fixed(idSize))
	t.Events = readEvents(r, known, room)
	t.Ext = readExtensions(r, MaxExtensions)
}

// readEvents reads a list of events into one block of memory, into room if it is
// large enough.
func readEvents(r *codec.Reader, known *names, room *entryBlock) []*Event {
	n := r.Count(MaxTransactionEvents, minEvent)
	if n == 0 {
		return nil
	}
	var block []Event
	var events []*Event
	var ops []Operation
	if n == 1 && room != nil {
		block, events, ops = room.event[:], room.events[:], room.ops[:]
	} else {
		block, events = make([]Event, n), make([]*Event, n)
	}
	d := decoder{known: known, parts: MaxTransactionOps}
	for i := range events {
		section := r.Section(MaxEventSize)
		d.event(&section, &block[i], ops)
		if err := section.Done(); err != nil {
			r.Adopt(err, "event "+strconv.Itoa(i))
			return nil
		}
		events[i] = &block[i]
	}
	return events
}

// decoder decodes the events of one list and counts their operations and
// extensions, because each takes much more memory than its shortest encoding.
type decoder struct {
	known *names
	parts int // how many may still come
}

// event reads an event, its operations into room if that is of the right length.
func (d *decoder) event(r *codec.Reader, e *Event, room []Operation) {
	copy(e.ID[:], r.Fixed(idSize))
	e.Collection = d.known.read(r, MaxName)
	copy(e.Entity[:], r.Fixed(idSize))
	e.Precursors = readHead(r, MaxPrecursors)
	n := r.Count(min(MaxOps, d.parts), minOp)
	d.parts -= n
	switch {
	case n > 0 && n == len(room):
		e.Ops = room
	case n > 0:
		e.Ops = make([]Operation, n)
	}
	carrying, erased := 0, false
	for i := range e.Ops {
		op := &e.Ops[i]
		d.op(r, op, e.Precursors)
		erased = erased || op.Erased != nil
		if len(op.Value) > 0 {
			carrying++
		}
		if r.Err() != nil {
			return
		}
	}
	if carrying > 0 {
		readSalts(r, e, erased)
	}
	e.Ext = readExtensions(r, min(MaxExtensions, d.parts))
	d.parts -= len(e.Ext)
}

func (d *decoder) op(r *codec.Reader, op *Operation, precursors Head) {
	op.Field = d.known.read(r, MaxName)
	kind := r.Uvarint()
	if kind > math.MaxUint16 {
		r.Fail("an operation kind beyond 16 bits")
		return
	}
	op.Kind = OpKind(kind)
	flags := r.Byte()
	if flags == 0 {
		return
	}
	if flags > flagsKnown || flags&(flagValue|flagErased) == flagValue|flagErased {
		r.Fail("impossible flags of an operation")
		return
	}
	if flags&flagPath != 0 {
		if op.Path = readText(r, MaxPath); op.Path == "" {
			r.Fail("a path that is flagged and empty")
		}
	}
	if flags&flagFieldHead != 0 {
		readFieldHead(r, op, precursors)
	}
	if flags&flagValue != 0 {
		if op.Value = r.Bytes(MaxEventSize); len(op.Value) == 0 {
			r.Fail("a value that is flagged and empty")
		}
	}
	if flags&flagErased != 0 {
		op.Erased = new(Erasure)
		copy(op.Erased.Commitment[:], r.Fixed(len(Digest{})))
	}
}

func readFieldHead(r *codec.Reader, op *Operation, precursors Head) {
	op.FieldHead = readHead(r, MaxPrecursors)
	if op.FieldHead == nil {
		op.FieldHead = Head{}
	}
	if op.FieldHead.Equal(precursors) {
		r.Fail("a field head that is named and equal to the precursors")
	}
}

// readSalts reads the event's salt, or the salts of the values that remain
// when others were erased.
func readSalts(r *codec.Reader, e *Event, erased bool) {
	if !erased {
		copy(e.Salt[:], r.Fixed(len(e.Salt)))
		return
	}
	e.OpSalts = make([]Salt, len(e.Ops))
	for i := range e.Ops {
		if e.Ops[i].carries() {
			copy(e.OpSalts[i][:], r.Fixed(len(Salt{})))
		}
	}
}

func readExtensions(r *codec.Reader, max int) []Extension {
	n := r.Count(max, minExtension)
	if n == 0 {
		return nil
	}
	ext := make([]Extension, n)
	for i := range ext {
		ext[i].Tag = r.Uvarint()
		ext[i].Value = r.Bytes(MaxExtensionSize)
		if i > 0 && ext[i].Tag <= ext[i-1].Tag {
			r.Fail("extensions that are not sorted by tag")
			return nil
		}
	}
	return ext
}

// names are texts that were read before, and known to be valid. A new one takes
// the place of an old one.
type names [32]string

// read reads a text as readText does. A nil names knows none, and keeps none.
func (n *names) read(r *codec.Reader, max int) string {
	if n == nil {
		return readText(r, max)
	}
	s := r.Text(max)
	if s == "" {
		return ""
	}
	known := &n[(len(s)*7+int(s[len(s)-1]))%len(n)]
	if *known != s {
		if !checkText(r, s) {
			return ""
		}
		*known = strings.Clone(s)
	}
	return *known
}

// readText reads a text that must be valid UTF-8 without U+0000.
func readText(r *codec.Reader, max int) string {
	s := r.Text(max)
	if !checkText(r, s) {
		return ""
	}
	return s
}

func checkText(r *codec.Reader, s string) bool {
	if !validText(s) {
		r.Fail("a text that is not UTF-8, or holds U+0000")
		return false
	}
	return true
}

// validText reports whether s is UTF-8 without U+0000.
func validText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == 0 {
			return false
		} else if c >= utf8.RuneSelf {
			return utf8.ValidString(s[i:]) && validTail(s[i:])
		}
	}
	return true
}

func validTail(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return true
}

// closeSection finishes a section of r and passes its error on to r.
func closeSection(r, section *codec.Reader, what string) {
	if err := section.Done(); err != nil {
		r.Adopt(err, what)
	}
}
