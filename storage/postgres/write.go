package postgres

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// queueLogs takes entries back, and writes others, positions and signed heads.
func (c *commit) queueLogs(b *pgx.Batch) {
	for _, end := range c.origins {
		if end.cut && end.number > 0 {
			b.Queue(`DELETE FROM _log WHERE origin = $1 AND seq > $2`, end.number, int64(end.after.Seq))
			b.Queue(`UPDATE _origins SET head = NULL, head_seq = 0 WHERE number = $1 AND head_seq > $2`, end.number, int64(end.after.Seq))
		}
	}
	for _, h := range c.batch.Heads {
		end := c.origins[h.Origin]
		end.head, end.headSeq, end.written = h.AppendTo(nil), h.Seq, true
	}
	c.queueEnds(b)
	var w entryRows
	for _, entry := range c.batch.Entries {
		if w.bytes > maxStatement {
			w.queue(b)
		}
		w.add(c.origins[entry.Origin].number, entry)
	}
	w.queue(b)
}

// queueEnds writes where logs end.
func (c *commit) queueEnds(b *pgx.Batch) {
	var numbers []int32
	var seqs, headSeqs []int64
	var origins, shorts, heads [][]byte
	for o, end := range c.origins {
		if !end.written {
			continue
		}
		if end.number == 0 {
			c.last++
			end.number = c.last
		}
		numbers, origins = append(numbers, int32(end.number)), append(origins, o[:])
		seqs = append(seqs, int64(end.after.Seq))
		shorts = append(shorts, binary.BigEndian.AppendUint64(nil, end.after.Short))
		heads, headSeqs = append(heads, end.head), append(headSeqs, int64(end.headSeq))
	}
	if len(numbers) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO _origins AS o (number, origin, seq, short, head, head_seq)
		SELECT * FROM unnest($1::int[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[])
		ON CONFLICT (number) DO UPDATE
		SET seq = excluded.seq, short = excluded.short, head = coalesce(excluded.head, o.head),
			head_seq = CASE WHEN excluded.head IS NULL THEN o.head_seq ELSE excluded.head_seq END`,
		numbers, origins, seqs, shorts, heads, headSeqs)
}

// maxStatement is about how many bytes one statement sends, and maxRows how many
// rows.
const (
	maxStatement = 8 << 20
	maxRows      = 5000
)

// entryRows are rows of _log.
type entryRows struct {
	origins      []int32
	seqs         []int64
	txs, authors []string
	entries      [][]byte
	bytes        int
}

func (w *entryRows) add(origin int, e *event.Entry) {
	w.origins, w.seqs = append(w.origins, int32(origin)), append(w.seqs, int64(e.Seq))
	w.txs, w.authors = append(w.txs, e.Tx.ID.String()), append(w.authors, strings.ToValidUTF8(strings.ReplaceAll(e.Author, "\x00", ""), ""))
	stored := seal(e.AppendTo(make([]byte, 0, e.Size()+sumSize)), entryName(origin, e.Seq))
	w.entries = append(w.entries, stored)
	w.bytes += len(stored)
}

// entryName is what the checksum of an entry covers beside its bytes.
func entryName(origin int, seq uint64) string { return fmt.Sprintf("entry %d %d", origin, seq) }

func (w *entryRows) queue(b *pgx.Batch) {
	if len(w.seqs) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO _log (origin, seq, tx, author, entry)
		SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::bytea[])`,
		w.origins, w.seqs, w.txs, w.authors, w.entries)
	*w = entryRows{}
}

// eventKey is what an event is found by.
type eventKey struct{ entity, id event.ID }

// queueEvents writes the addresses of events: of those that the batch has twice, the
// last.
func (c *commit) queueEvents(b *pgx.Batch) {
	last := make(map[eventKey]int)
	n := 0
	c.eachEvent(func(_ *event.Entry, _ int, ev *event.Event) {
		last[eventKey{ev.Entity, ev.ID}] = n
		n++
	})
	var w eventRows
	n = 0
	c.eachEvent(func(entry *event.Entry, i int, ev *event.Event) {
		if last[eventKey{ev.Entity, ev.ID}] == n {
			w.add(c.origins[entry.Origin].number, entry, i, ev)
		}
		if n++; len(w.ids) == maxRows {
			w.queue(b)
		}
	})
	w.queue(b)
}

// eachEvent calls f with all events that get an address.
func (c *commit) eachEvent(f func(entry *event.Entry, i int, ev *event.Event)) {
	again := make(map[event.ID]bool, len(c.batch.Again))
	for _, id := range c.batch.Again {
		again[id] = true
	}
	for _, entry := range c.batch.Entries {
		for i, ev := range entry.Events() {
			if !again[ev.ID] {
				f(entry, i, ev)
			}
		}
	}
}

// eventRows are rows of _events.
type eventRows struct {
	entities, ids, collections, txs []string
	origins, ordinals               []int32
	seqs                            []int64
}

func (w *eventRows) add(origin int, e *event.Entry, i int, ev *event.Event) {
	tx := e.Tx.ID
	if i >= len(e.Tx.Events) {
		tx = e.AddedID()
	}
	w.entities, w.ids = append(w.entities, ev.Entity.String()), append(w.ids, ev.ID.String())
	w.collections, w.txs = append(w.collections, strings.ReplaceAll(ev.Collection, "\x00", "")), append(w.txs, tx.String())
	w.origins, w.seqs = append(w.origins, int32(origin)), append(w.seqs, int64(e.Seq))
	w.ordinals = append(w.ordinals, int32(i))
}

func (w *eventRows) queue(b *pgx.Batch) {
	if len(w.ids) == 0 {
		return
	}
	b.Queue(`
		INSERT INTO _events (entity, id, collection, tx, origin, seq, ordinal)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::int[])
		ON CONFLICT (entity, id) DO UPDATE
		SET tx = excluded.tx, origin = excluded.origin, seq = excluded.seq, ordinal = excluded.ordinal`,
		w.entities, w.ids, w.collections, w.txs, w.origins, w.seqs, w.ordinals)
	*w = eventRows{}
}

// queueStates writes records, with columns as the schema says that was registered last:
// a process that knows an older one, or none, leaves nothing to be mended.
func (c *commit) queueStates(b *pgx.Batch) {
	names, changes := c.sortedStates()
	for _, name := range names {
		col := c.catalog.collections[name]
		w := newRowWriter(col, col.schema)
		for _, s := range changes[name] {
			if w.add(s.Record); w.full() {
				w.queueUpsert(b)
			}
		}
		w.queueUpsert(b)
		if col.layout != "" && w.layout(c.engine) != col.layout {
			// This release writes other columns than the one that registered the schema.
			b.Queue(`UPDATE _collections SET layout = '', through = '' WHERE name = $1`, name)
			b.Queue(`UPDATE _store SET catalog = catalog + 1`)
		}
	}
}

// queueMeta changes the map of small values.
func (c *commit) queueMeta(b *pgx.Batch) {
	last := make(map[string][]byte)
	for _, m := range c.batch.Meta {
		last[m.Key] = m.Value
	}
	var keys, values, gone [][]byte
	for key, value := range last {
		if value == nil {
			gone = append(gone, []byte(key))
			continue
		}
		keys, values = append(keys, []byte(key)), append(values, seal(slices.Clone(value), "meta", key))
	}
	if len(gone) > 0 {
		b.Queue(`DELETE FROM _meta WHERE key = ANY($1)`, gone)
	}
	if len(keys) > 0 {
		b.Queue(`
			INSERT INTO _meta (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, keys, values)
	}
}

// rowWriter makes the rows of a collection's table of records.
type rowWriter struct {
	collection *collection
	schema     *model.Schema // nil if none is registered
	fields     []fieldColumn // those that have a column
	words      []int         // columns whose words are kept

	ids              []string
	created, updated values
	deleted          []bool
	stamps, rows     [][]byte
	merges           [][]byte
	wordArrays       []*string
	bytes            int
}

// fieldColumn is a field and its column.
type fieldColumn struct {
	field         int
	name, sqlType string
	values        values
}

func newRowWriter(col *collection, s *model.Schema) *rowWriter {
	w := &rowWriter{collection: col, schema: s}
	if s != nil {
		w.words = wordColumns(s)
		for i := range s.Fields() {
			f := &s.Fields()[i]
			if name := col.column(f); name != "" {
				w.fields = append(w.fields, fieldColumn{field: i, name: name, sqlType: sqlType(f.Type)})
			}
		}
	}
	w.reset()
	return w
}

// layout is that of the rows that are written, "" if it is none that has a name.
func (w *rowWriter) layout(e *Engine) string {
	if w.schema == nil || len(w.fields) < len(w.schema.Fields()) {
		return ""
	}
	return e.layout(w.schema)
}

func (w *rowWriter) reset() {
	*w = rowWriter{collection: w.collection, schema: w.schema, fields: w.fields, words: w.words}
	const times = "timestamp with time zone"
	w.created, w.updated = newValues(times), newValues(times)
	for i := range w.fields {
		w.fields[i].values = newValues(w.fields[i].sqlType)
	}
}

func (w *rowWriter) full() bool { return len(w.ids) >= maxRows || w.bytes > maxStatement }

func (w *rowWriter) add(r *storage.Record) {
	w.addRow(&r.Row)
	w.deleted, w.stamps = append(w.deleted, r.Row.Deleted), append(w.stamps, r.Stamp[:])
	row, merge := appendRow(nil, r), appendMerge(nil, r)
	w.rows, w.merges = append(w.rows, row), append(w.merges, merge)
	w.bytes += 2*len(row) + len(merge)
}

// addRow adds what is derived from a row.
func (w *rowWriter) addRow(r *model.Row) {
	w.ids = append(w.ids, r.ID.String())
	w.created.add(model.OfTime(r.Created()))
	w.updated.add(model.OfTime(r.Updated()))
	for i := range w.fields {
		w.fields[i].values.add(w.schema.Value(r, w.fields[i].field))
	}
	var words *string
	if w.schema != nil {
		words = wordsOf(w.schema, w.words, r)
	}
	if words != nil {
		w.bytes += len(*words)
	}
	w.wordArrays = append(w.wordArrays, words)
}

// derived returns the columns that are derived from rows by the schema, what each is
// cast from, and their values.
func (w *rowWriter) derived() (names, casts, arrays []string, args []any) {
	names, casts, arrays, args = []string{"_words"}, []string{"::text[]"}, []string{"text[]"}, []any{w.wordArrays}
	for _, f := range w.fields {
		array, cast := arrayType(f.sqlType)
		names, casts, arrays, args = append(names, quote(f.name)), append(casts, cast), append(arrays, array), append(args, f.values.array())
	}
	return names, casts, arrays, args
}

func (w *rowWriter) queueUpsert(b *pgx.Batch) {
	if len(w.ids) == 0 {
		return
	}
	names, casts, arrays, args := w.derived()
	fixed := []string{"id", "created", "updated", "_deleted", "_stamp", "_row", "_merge"}
	names = append(fixed, names...)
	casts = append(make([]string, len(fixed)), casts...)
	arrays = append([]string{"text[]", "timestamp with time zone[]", "timestamp with time zone[]", "boolean[]", "bytea[]", "bytea[]", "bytea[]"}, arrays...)
	args = append([]any{w.ids, w.created.array(), w.updated.array(), w.deleted, w.stamps, w.rows, w.merges}, args...)
	sets := make([]string, 0, len(names))
	for _, name := range names[1:] {
		sets = append(sets, name+" = excluded."+name)
	}
	b.Queue(fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s ON CONFLICT (id) DO UPDATE SET %s`,
		quote(w.collection.table), strings.Join(names, ", "), unnested(casts), unnest(arrays), strings.Join(sets, ", ")), args...)
	w.reset()
}

// unnest is a table of array parameters, and unnested its columns.
func unnest(arrays []string) string {
	params, columns := make([]string, len(arrays)), make([]string, len(arrays))
	for i, array := range arrays {
		params[i], columns[i] = fmt.Sprintf("$%d::%s", i+1, array), fmt.Sprintf("c%d", i)
	}
	return "unnest(" + strings.Join(params, ", ") + ") AS u(" + strings.Join(columns, ", ") + ")"
}

func unnested(casts []string) string {
	columns := make([]string, len(casts))
	for i, cast := range casts {
		columns[i] = fmt.Sprintf("u.c%d%s", i, cast)
	}
	return strings.Join(columns, ", ")
}
