package postgres

// What a batch is compared with is read in the first round trip of a commit, as it is when
// the commit has its turn.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// queueOrigins reads the positions of all logs that the batch speaks of.
func (c *commit) queueOrigins(b *pgx.Batch) {
	var names [][]byte
	speak := func(o event.Origin) {
		if c.origins[o] == nil {
			c.origins[o] = &logEnd{found: event.Position{Origin: o}, after: event.Position{Origin: o}}
			names = append(names, o[:])
		}
	}
	for _, p := range c.batch.Expect {
		speak(p.Origin)
	}
	for _, p := range c.batch.Cut {
		speak(p.Origin)
	}
	for _, entry := range c.batch.Entries {
		speak(entry.Origin)
	}
	for _, p := range c.batch.Advance {
		speak(p.Origin)
	}
	for _, h := range c.batch.Heads {
		speak(h.Origin)
	}
	if len(names) == 0 {
		return
	}
	b.Queue(`SELECT coalesce(max(number), 0) FROM _origins`).QueryRow(func(r pgx.Row) error { return r.Scan(&c.last) })
	b.Queue(`SELECT number, origin, seq, short FROM _origins WHERE origin = ANY($1)`, names).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(r pgx.Rows) error {
			number, p, err := scanPosition(r)
			if end := c.origins[p.Origin]; end != nil {
				end.number, end.found, end.after = number, p, p
			}
			return err
		})
	})
}

// queueHolds reads the values that the batch holds.
func (c *commit) queueHolds(b *pgx.Batch) {
	if len(c.batch.Holds) == 0 {
		return
	}
	c.held = make(map[string][]byte)
	var keys [][]byte
	for _, m := range c.batch.Holds {
		keys = append(keys, []byte(m.Key))
	}
	b.Queue(`SELECT key, value FROM _meta WHERE key = ANY($1)`, keys).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(r pgx.Rows) error {
			m, err := scanMeta(r)
			c.held[m.Key] = m.Value
			return err
		})
	})
}

// scanPosition reads number, origin, seq and short.
func scanPosition(r pgx.Rows) (number int, p event.Position, err error) {
	var origin, short []byte
	var seq int64
	if err := r.Scan(&number, &origin, &seq, &short); err != nil {
		return 0, p, err
	}
	if len(origin) != len(p.Origin) || len(short) != 8 || seq < 0 {
		return 0, p, &storage.CorruptError{What: fmt.Sprintf("position of log %x", origin), Err: errLength}
	}
	copy(p.Origin[:], origin)
	p.Seq, p.Short = uint64(seq), binary.BigEndian.Uint64(short)
	if p.Seq == 0 { // it has a signed head, and no position
		p.Short = 0
	}
	return number, p, nil
}

var errLength = errors.New("a value has the wrong length")

// queueStamps reads the stamps of the entities that the batch changes. It returns the
// collections that have no table.
func (c *commit) queueStamps(b *pgx.Batch) (missing []string) {
	ids := make(map[string][]string)
	var names []string
	for _, s := range c.batch.States {
		name := s.Record.Collection
		if ids[name] == nil {
			names = append(names, name)
		}
		ids[name] = append(ids[name], s.Record.Row.ID.String())
	}
	for _, name := range names {
		col := c.catalog.collections[name]
		if col == nil {
			missing = append(missing, name)
			continue
		}
		found := make(map[string]event.Stamp)
		c.stamps[name] = found
		b.Queue(`SELECT id, _stamp FROM `+quote(col.table)+` WHERE id = ANY($1)`, ids[name]).Query(func(rows pgx.Rows) error {
			return eachRow(rows, nil, func(r pgx.Rows) error {
				var id string
				var stamp []byte
				if err := r.Scan(&id, &stamp); err != nil {
					return err
				}
				if len(stamp) != len(event.Stamp{}) {
					return &storage.CorruptError{What: "stamp of " + name + " " + id, Err: errLength}
				}
				found[id] = event.Stamp(stamp)
				return nil
			})
		})
	}
	return missing
}

// compare returns what has moved, nil if nothing has.
func (c *commit) compare() error {
	conflict := new(storage.ConflictError)
	moved := func(expected, found event.Position) {
		conflict.Positions = append(conflict.Positions, storage.MovedPosition{Expected: expected, Found: found})
	}
	for _, want := range c.batch.Expect {
		found := c.origins[want.Origin].found
		if found.Seq != want.Seq || want.Seq > 0 && found != want {
			moved(want, found)
		}
	}
	for _, m := range c.batch.Holds {
		if found, ok := c.held[m.Key]; ok != (m.Value != nil) || !bytes.Equal(found, m.Value) {
			conflict.Meta = append(conflict.Meta, m.Key)
		}
	}
	for _, p := range c.batch.Cut {
		end := c.origins[p.Origin]
		if end.after.Seq < p.Seq {
			moved(p, end.after)
			continue
		}
		if end.after, end.cut, end.written = p, true, true; p.Seq == 0 {
			end.after = event.Position{Origin: p.Origin}
		}
	}
	for _, entry := range c.batch.Entries {
		end := c.origins[entry.Origin]
		if end.after.Seq+1 != entry.Seq {
			moved(event.Position{Origin: entry.Origin, Seq: entry.Seq - 1}, end.after)
			continue
		}
		end.after, end.written = entry.Position(), true
	}
	for _, p := range c.batch.Advance {
		end := c.origins[p.Origin]
		if p.Seq < end.after.Seq {
			moved(p, end.after)
			continue
		}
		end.written = end.written || end.after != p
		end.after = p
	}
	for _, s := range c.batch.States {
		found := c.stamps[s.Record.Collection][s.Record.Row.ID.String()]
		if found != s.Was {
			conflict.States = append(conflict.States, storage.MovedState{
				Collection: s.Record.Collection, ID: s.Record.Row.ID, Expected: s.Was, Found: found,
			})
		}
	}
	if len(conflict.Positions)+len(conflict.States)+len(conflict.Meta) == 0 {
		return nil
	}
	return conflict
}
