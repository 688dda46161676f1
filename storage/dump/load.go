package dump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

var (
	// ErrNotEmpty: there is something in the store already that this dump did not bring.
	ErrNotEmpty = errors.New("the store is not empty: load a dump into a new one")

	// ErrOther: an earlier Load of another dump, or of an older state of the same store, was
	// not finished.
	ErrOther = errors.New("the store has a part of another dump: load that, or begin with a new store")

	errNoDump = errors.New("this is not a dump")
)

// Load makes an empty store hold what a dump holds, or goes on doing so. Progress, if it is
// not nil, is called after every piece with what was read so far, pieces that were there
// already included.
//
// The error matches *[Error] if the dump is damaged or ends early, [ErrNotEmpty], [ErrOther],
// or is that of the reader or of the engine. After any of them Load can be called again.
func Load(ctx context.Context, engine storage.Engine, r io.Reader, progress func(Summary)) (Summary, error) {
	l := &loader{ctx: ctx, engine: engine, in: bufio.NewReaderSize(r, 1<<16), logs: make(map[event.Origin]*log)}
	l.done.Digest = before()
	err := l.prepare()
	for err == nil && !l.ended {
		if err = l.piece(); err == nil && progress != nil {
			progress(l.done)
		}
	}
	if err != nil {
		return l.done, fmt.Errorf("loading a dump: %w", err)
	}
	return l.done, nil
}

// loader reads one dump.
type loader struct {
	ctx    context.Context
	engine storage.Engine
	in     *bufio.Reader

	stored mark // of an earlier Load
	pieces uint64
	done   Summary
	ended  bool

	kind   byte   // of the last frame
	key    string // by which it is in order among those of its kind
	cursor event.Cursor
	logs   map[event.Origin]*log
	batch  storage.Batch // of the piece that is being read
}

// log is how far a log was read.
type log struct {
	seq    uint64
	hash   event.Digest
	head   *event.SignedHead
	passed bool            // the head's entry was met
	bare   *event.Position // of a log without entries
}

// prepare reads the beginning, and what the store holds.
func (l *loader) prepare() error {
	head := make([]byte, len(magic)+1)
	if _, err := io.ReadFull(l.in, head); err != nil {
		return fmt.Errorf("%w: %w", errNoDump, err)
	}
	if string(head[:len(magic)]) != magic {
		return errNoDump
	}
	if v := head[len(magic)]; v != version {
		return fmt.Errorf("the dump has version %d, and this program reads %d", v, version)
	}
	l.done.Bytes = int64(len(head))
	snapshot, err := l.engine.Snapshot(l.ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	l.stored, err = readMark(l.ctx, snapshot)
	return err
}

// piece reads the next piece, and stores it unless that was done already.
func (l *loader) piece() (err error) {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	at := l.done.Bytes
	l.pieces++
	frames, err := l.read()
	if err == nil {
		l.batch = storage.Batch{}
		if err = l.frames(frames); err == nil {
			err = l.apart()
		}
	}
	if err != nil {
		return &Error{Piece: l.pieces, Offset: at, Err: err}
	}
	switch {
	case l.pieces > l.stored.pieces:
		return l.store()
	case l.ended, l.pieces == l.stored.pieces && l.stored.digest != l.done.Digest:
		return ErrOther // the last piece of this one takes the mark away
	}
	return nil
}

// store commits a piece, and how far the store is with it.
func (l *loader) store() error {
	now := mark{l.pieces, l.done.Digest}
	if l.ended {
		l.finish()
	} else {
		l.batch.Meta = append(l.batch.Meta, storage.MetaChange{Key: storage.MetaLoading, Value: now.append(nil)})
	}
	return l.engine.Commit(l.ctx, &l.batch)
}

// read reads the frames of a piece and checks them against its digest.
func (l *loader) read() ([]byte, error) {
	size, n, err := readUvarint(l.in)
	if err != nil {
		return nil, early(err)
	}
	if size == 0 || size > maxPiece {
		return nil, fmt.Errorf("a piece of %d bytes", size)
	}
	frames, err := readBytes(l.in, int(size))
	if err != nil {
		return nil, early(err)
	}
	var digest event.Digest
	if _, err := io.ReadFull(l.in, digest[:]); err != nil {
		return nil, early(err)
	}
	l.done.Digest = chain(l.done.Digest, frames)
	if digest != l.done.Digest {
		return nil, errors.New("its digest is another one")
	}
	l.done.Bytes += int64(n) + int64(size) + int64(len(digest))
	return frames, nil
}

// early makes the end of a stream that is not the end of the dump an error.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// frames takes the frames of a piece apart.
func (l *loader) frames(b []byte) error {
	r := codec.NewReader(b)
	for r.Len() > 0 {
		if l.ended {
			return errors.New("something follows the end")
		}
		kind := r.Byte()
		if kind < l.kind || l.kind == 0 && kind != frameBegin || kind == frameBegin && l.kind != 0 {
			return fmt.Errorf("a frame of kind %d after one of kind %d", kind, l.kind)
		}
		if kind != l.kind {
			l.kind, l.key = kind, ""
		}
		if err := l.frame(kind, r); err != nil {
			return err
		}
		if err := r.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) frame(kind byte, r *codec.Reader) (err error) {
	switch kind {
	case frameBegin:
		l.cursor, err = event.DecodeCursor(r.Bytes(r.Len()))
		for _, p := range l.cursor.Positions() {
			l.logs[p.Origin] = new(log)
		}
	case frameHead:
		err = l.head(r)
	case framePosition:
		var p event.Position
		copy(p.Origin[:], r.Fixed(len(p.Origin)))
		p.Seq, p.Short = r.Uvarint(), r.Uint64()
		if l.logs[p.Origin] == nil {
			return errors.New("a position of a log that the dump does not name")
		}
		l.logs[p.Origin].bare = &p
		err = l.follow(string(p.Origin[:]))
	case frameEntry:
		err = l.entry(r)
	case frameRecord:
		err = l.record(r)
	case frameMeta:
		err = l.meta(r)
	case frameEnd:
		err = l.end(r)
	default:
		err = fmt.Errorf("a frame of kind %d, which this program does not know", kind)
	}
	return err
}

// follow checks that a frame stands after the last one of its kind.
func (l *loader) follow(key string) error {
	if key <= l.key {
		return fmt.Errorf("frames of kind %d are out of order", l.kind)
	}
	l.key = key
	return nil
}

func (l *loader) head(r *codec.Reader) error {
	head, err := event.DecodeSignedHead(r.Bytes(r.Len()))
	if err != nil {
		return err
	}
	log := l.logs[head.Origin]
	if log == nil {
		return errors.New("a signed head of a log that the dump does not name")
	}
	if err := head.Verify(); err != nil {
		return err
	}
	log.head = &head
	return l.follow(string(head.Origin[:]))
}

func (l *loader) entry(r *codec.Reader) error {
	e, again, err := readEntry(r)
	if err != nil {
		return err
	}
	log := l.logs[e.Origin]
	name := fmt.Sprintf("entry %d of log %s", e.Seq, e.Origin.Short())
	if log == nil || log.bare != nil {
		return fmt.Errorf("%s: the dump has no such log", name)
	}
	if e.Seq != log.seq+1 || e.Prev != log.hash {
		return fmt.Errorf("%s does not follow the entry before it", name)
	}
	log.seq, log.hash = e.Seq, e.Hash()
	if log.head != nil && log.head.Seq == e.Seq {
		if log.head.Hash != log.hash {
			return fmt.Errorf("%s is not the one that its origin signed", name)
		}
		log.passed = true
	}
	l.batch.Entries = append(l.batch.Entries, e)
	l.batch.Again = append(l.batch.Again, again...)
	l.done.Entries++
	l.done.Events += uint64(len(e.Tx.Events) + len(e.Added))
	return nil
}

// apart checks that the batch has no event at two addresses.
func (l *loader) apart() error {
	if len(l.batch.Again) == 0 {
		return nil
	}
	seen := make(map[event.ID]bool)
	for _, e := range l.batch.Entries {
		for _, ev := range e.Events() {
			if seen[ev.ID] {
				return fmt.Errorf("event %v has two addresses", ev.ID)
			}
			seen[ev.ID] = true
		}
	}
	return nil
}

func (l *loader) record(r *codec.Reader) error {
	record, err := readRecord(r)
	if err != nil {
		return err
	}
	l.batch.States = append(l.batch.States, storage.StateChange{Record: record})
	l.done.Records++
	return l.follow(record.Collection + "\x00" + string(record.Row.ID[:]))
}

func (l *loader) meta(r *codec.Reader) error {
	key := r.Text(storage.MaxMetaKey)
	value := append([]byte{}, r.Bytes(maxFrame)...)
	if key == storage.MetaLoading {
		return errors.New("the dump of a store that was not whole")
	}
	l.batch.Meta = append(l.batch.Meta, storage.MetaChange{Key: key, Value: value})
	l.done.Meta++
	return l.follow(key)
}

// end checks that all is there that the dump says to hold.
func (l *loader) end(r *codec.Reader) error {
	said := Summary{Entries: r.Uvarint(), Events: r.Uvarint(), Records: r.Uvarint(), Meta: r.Uvarint()}
	found := Summary{Entries: l.done.Entries, Events: l.done.Events, Records: l.done.Records, Meta: l.done.Meta}
	if said != found {
		return fmt.Errorf("it says that it holds %s, and holds %s", said.counts(), found.counts())
	}
	for _, p := range l.cursor.Positions() {
		switch log := l.logs[p.Origin]; {
		case log.bare != nil && *log.bare != p:
			return fmt.Errorf("log %s has two positions", p.Origin.Short())
		case log.bare == nil && (log.seq != p.Seq || log.hash.Short() != p.Short):
			return fmt.Errorf("log %s ends at %d, not at %d", p.Origin.Short(), log.seq, p.Seq)
		case log.head != nil && !log.passed && log.bare == nil:
			return fmt.Errorf("log %s does not reach the entry that its origin signed", p.Origin.Short())
		}
	}
	l.ended = true
	return nil
}

func (s Summary) counts() string {
	return fmt.Sprintf("%d entries, %d events, %d records, %d values", s.Entries, s.Events, s.Records, s.Meta)
}

// finish makes the last batch the one after which the store is whole.
func (l *loader) finish() {
	for _, p := range l.cursor.Positions() {
		log := l.logs[p.Origin]
		if log.head != nil {
			l.batch.Heads = append(l.batch.Heads, *log.head)
		}
		if log.bare != nil {
			l.batch.Advance = append(l.batch.Advance, *log.bare)
		}
	}
	l.batch.Meta = append(l.batch.Meta, storage.MetaChange{Key: storage.MetaLoading})
}
