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

// ErrNoList: the engine cannot list what it holds, so that nothing can be dumped of it.
var ErrNoList = errors.New("the engine cannot list its records")

// Write writes a dump of what a snapshot shows. Progress, if it is not nil, is called after
// every piece with what was written so far.
func Write(ctx context.Context, s storage.Snapshot, w io.Writer, progress func(Summary)) (Summary, error) {
	lister, ok := s.(storage.Lister)
	if !ok {
		return Summary{}, ErrNoList
	}
	out := bufio.NewWriterSize(w, 1<<16)
	d := &writer{ctx: ctx, snapshot: s, lister: lister, out: out, progress: progress, events: make(map[event.ID]bool)}
	d.done.Digest = before()
	_, err := out.WriteString(magic + string(byte(version)))
	d.done.Bytes = int64(len(magic) + 1)
	for _, part := range []func() error{d.begin, d.entries, d.records, d.meta, d.end} {
		if err == nil {
			err = part()
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return d.done, fmt.Errorf("dumping the store: %w", err)
	}
	return d.done, nil
}

// Digest returns what Write would return, without keeping a byte.
func Digest(ctx context.Context, s storage.Snapshot) (Summary, error) {
	return Write(ctx, s, io.Discard, nil)
}

// writer makes one dump.
type writer struct {
	ctx      context.Context
	snapshot storage.Snapshot
	lister   storage.Lister
	out      io.Writer
	progress func(Summary)

	frames []byte            // of the piece that is being made
	events map[event.ID]bool // in it, if there are several logs
	length []byte            // room for its length
	done   Summary           // the piece that is being made not included, but in its counts
}

// begin says where the logs are, and what was signed.
func (d *writer) begin() error {
	if err := storage.Whole(d.ctx, d.snapshot); err != nil {
		return err
	}
	cursor := d.snapshot.Cursor()
	d.frames = codec.AppendBytes(append(d.frames, frameBegin), cursor.AppendTo(nil))
	positions := cursor.Positions()
	for _, p := range positions {
		head, err := d.snapshot.SignedHead(d.ctx, p.Origin)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		d.frames = codec.AppendBytes(append(d.frames, frameHead), head.AppendTo(nil))
	}
	for _, p := range positions {
		logged, err := d.isLogged(p)
		if err != nil {
			return err
		}
		if !logged {
			d.frames = append(append(d.frames, framePosition), p.Origin[:]...)
			d.frames = codec.AppendUint64(codec.AppendUvarint(d.frames, p.Seq), p.Short)
		}
	}
	return d.more()
}

// isLogged reports whether the store holds the log up to a position. A node without
// history knows positions only.
func (d *writer) isLogged(p event.Position) (bool, error) {
	others := d.snapshot.Cursor().Without(p.Origin)
	if p.Seq > 1 {
		others = others.With(event.Position{Origin: p.Origin, Seq: p.Seq - 1})
	}
	for _, err := range d.snapshot.Log(d.ctx, others) {
		return err == nil, err
	}
	return false, nil
}

// more ends the piece if it is large enough.
func (d *writer) more() error {
	if len(d.frames) < pieceSize {
		return d.ctx.Err()
	}
	return d.endPiece()
}

func (d *writer) endPiece() error {
	d.length = codec.AppendUvarint(d.length[:0], uint64(len(d.frames)))
	d.done.Digest = chain(d.done.Digest, d.frames)
	for _, part := range [][]byte{d.length, d.frames, d.done.Digest[:]} {
		n, err := d.out.Write(part)
		d.done.Bytes += int64(n)
		if err != nil {
			return err
		}
	}
	d.frames = d.frames[:0]
	clear(d.events)
	if d.progress != nil {
		d.progress(d.done)
	}
	return d.ctx.Err()
}

func (d *writer) entries() error {
	several := d.snapshot.Cursor().Len() > 1
	var again []uint64
	for e, err := range d.snapshot.Log(d.ctx, event.Cursor{}) {
		if err != nil {
			return err
		}
		if again = again[:0]; several {
			if again, err = d.elsewhere(again, e); err != nil {
				return err
			}
			if err := d.apart(e); err != nil {
				return err
			}
		}
		d.frames = appendEntry(d.frames, e, again)
		d.done.Entries++
		d.done.Events += uint64(len(e.Tx.Events) + len(e.Added))
		if err := d.more(); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere appends the numbers of an entry's events that are found at another address.
func (d *writer) elsewhere(again []uint64, e *event.Entry) ([]uint64, error) {
	for i, ev := range e.Events() {
		origin, seq, err := storage.Locate(d.ctx, d.snapshot, ev.Entity, ev.ID)
		if err != nil {
			return nil, fmt.Errorf("event %v of entry %d of log %s: %w", ev.ID, e.Seq, e.Origin.Short(), err)
		}
		if origin != e.Origin || seq != e.Seq {
			again = append(again, uint64(i))
		}
	}
	return again, nil
}

// apart ends the piece if it has one of an entry's events already: a piece is stored by
// one commit, which cannot tell two addresses of an event apart.
func (d *writer) apart(e *event.Entry) error {
	for _, ev := range e.Events() {
		if d.events[ev.ID] {
			if err := d.endPiece(); err != nil {
				return err
			}
			break
		}
	}
	for _, ev := range e.Events() {
		d.events[ev.ID] = true
	}
	return nil
}

func (d *writer) records() error {
	names, err := d.lister.Collections(d.ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		for r, err := range d.lister.Records(d.ctx, name) {
			if err != nil {
				return err
			}
			d.frames = appendRecord(d.frames, r)
			d.done.Records++
			if err := d.more(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *writer) meta() error {
	for v, err := range d.snapshot.MetaScan(d.ctx, "") {
		if err != nil {
			return err
		}
		d.frames = codec.AppendBytes(codec.AppendString(append(d.frames, frameMeta), v.Key), v.Value)
		d.done.Meta++
		if err := d.more(); err != nil {
			return err
		}
	}
	return nil
}

func (d *writer) end() error {
	d.frames = append(d.frames, frameEnd)
	for _, n := range []uint64{d.done.Entries, d.done.Events, d.done.Records, d.done.Meta} {
		d.frames = codec.AppendUvarint(d.frames, n)
	}
	return d.endPiece()
}
