package postgres

// A sequence of rows is a cursor of the server's, from which pieces are fetched.

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
)

// begun notes that a sequence is under way, and returns a name for its cursor. Names
// come again for the sake of statements that are prepared once.
func (r *reader) begun(k kind) cursorName {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open++
	if free := r.free[k]; len(free) > 0 {
		r.free[k] = free[:len(free)-1]
		return cursorName{k, free[len(free)-1]}
	}
	r.names++
	return cursorName{k, fmt.Sprintf("%s_%d", k, r.names)}
}

// over notes the end of a sequence. Its cursor, if it is there, is closed later.
func (r *reader) over(c cursorName, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open--
	if there {
		r.done = append(r.done, c)
	}
}

// The number of rows of a piece: few at first, for those who want no more, and then
// as many as have about so many bytes.
const (
	firstPiece = 64
	leastPiece = 8
	mostPiece  = 1024
	pieceBytes = 4 << 20
)

// rows yields what scan makes of the rows of a query.
func rows[T any](ctx context.Context, r *reader, k kind, sql string, args []any, scan func(pgx.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		c := cursor[T]{ctx: ctx, reader: r, kind: k, scan: scan, size: firstPiece}
		defer c.close()
		for more := true; more; {
			var piece []T
			var err error
			if piece, more, err = c.piece(sql, args); err != nil {
				yield(*new(T), err)
				return
			}
			if !more {
				c.close() // those who are yielded to may take their time
			}
			for _, item := range piece {
				if err := ctx.Err(); err != nil {
					yield(*new(T), err)
					return
				}
				if !yield(item, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(*new(T), err)
		}
	}
}

// cursor is one of the server's, and what its rows become.
type cursor[T any] struct {
	ctx    context.Context
	reader *reader
	scan   func(pgx.Rows) (T, error)
	kind   kind
	size   int        // of the next piece
	open   cursorName // while it is under way
	failed bool
}

// piece returns the next rows of the query, and whether there may be more.
func (c *cursor[T]) piece(sql string, args []any) (piece []T, more bool, err error) {
	b := new(pgx.Batch)
	if c.open.name == "" {
		c.open = c.reader.begun(c.kind)
		b.Queue(`DECLARE `+c.open.name+` NO SCROLL CURSOR FOR `+sql, args...)
	}
	size, bytes := c.size, 0
	b.Queue(fmt.Sprintf(`FETCH %d FROM %s`, size, c.open.name)).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(row pgx.Rows) error {
			for _, raw := range row.RawValues() {
				bytes += len(raw)
			}
			item, err := c.scan(row)
			if err == nil {
				piece = append(piece, item)
			}
			return err
		})
	})
	if err := c.reader.ask(c.ctx, b); err != nil {
		c.failed = true
		return nil, false, err
	}
	if len(piece) < size {
		return piece, false, nil
	}
	for c.size = leastPiece; c.size < mostPiece && bytes/len(piece)*c.size < pieceBytes; c.size *= 2 {
	}
	return piece, true, nil
}

// close says that the cursor is not needed any more.
func (c *cursor[T]) close() {
	if c.open.name != "" {
		c.reader.over(c.open, !c.failed) // after a failure nobody knows whether it is there
		c.open = cursorName{}
	}
}
