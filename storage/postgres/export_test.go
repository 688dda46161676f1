package postgres

import (
	"context"
	"time"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Residual returns what of a query's predicate is tested on rows, and not by the
// server.
func Residual(s storage.Snapshot, q *query.Checked) []query.Condition {
	a, _ := s.(*snapshot).compile(q)
	return a.residual
}

// Statement returns what the server is asked for a query.
func Statement(s storage.Snapshot, q *query.Checked) (sql string, args []any) {
	a, _ := s.(*snapshot).compile(q)
	return a.sql, a.args
}

// Patiently is what an engine does that has this much patience.
func Patiently(ctx context.Context, patience time.Duration, f func() error) error {
	return (&Engine{ctx: ctx, options: Options{Patience: patience}}).patiently(ctx, f)
}
