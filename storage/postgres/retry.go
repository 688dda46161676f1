package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ankgo/ank/storage"
)

// Codes of PostgreSQL's that are looked at, and the first letters of classes of them.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeDiskFull      = "53100"
	codeLockTimeout   = "55P03"
	codeCanceled      = "57014"
	codeIdle          = "25P03" // a transaction of which nothing was heard

	classConnection = "08"    // connection exceptions
	classResources  = "53300" // too many connections
	classShutdown   = "57P"   // the server stops, or starts
)

// passing reports whether an error may not come again when the same is tried once
// more: the connection failed, the server restarts, somebody else was in the way
// (also for longer than a statement may take).
func passing(err error) bool {
	if errors.Is(err, storage.ErrUnknown) {
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case pg.Code == codeSerialization, pg.Code == codeDeadlock, pg.Code == codeLockTimeout, pg.Code == codeCanceled, pg.Code == codeIdle, pg.Code == classResources,
			strings.HasPrefix(pg.Code, classConnection), strings.HasPrefix(pg.Code, classShutdown):
			return true
		}
		return false
	}
	return lost(err)
}

// lost reports whether an error is of the connection, and not what the server said.
func lost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

const (
	firstPause = 10 * time.Millisecond
	longPause  = time.Second
)

// patiently calls f again as long as its error is passing, the patience lasts and
// the context does. What took all of the patience at once is tried once more: this process
// may have been halted meanwhile, and found its connection cut when it woke up.
func (e *Engine) patiently(ctx context.Context, f func() error) error {
	deadline := time.Now().Add(e.options.Patience)
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		patient := time.Now().Add(pause).Before(deadline)
		err := f()
		if err == nil || !passing(err) || ctx.Err() != nil || !patient {
			return named(err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-e.ctx.Done():
			timer.Stop()
			return storage.ErrClosed
		}
	}
}

// ErrTimeout: the server gave a statement up, as it took longer than
// Options.StatementTimeout, or the server's own setting, allows, or as somebody had it
// cancelled. The engine and the snapshot go on; a commit is tried again first, for as long
// as Options.Patience says.
var ErrTimeout = errors.New("postgres: a statement took too long")

// named gives an error of the server's the name that callers branch on.
func named(err error) error {
	switch {
	case hasCode(err, codeDiskFull):
		return fmt.Errorf("%w: %w", storage.ErrFull, err)
	case hasCode(err, codeCanceled):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

// ends reports whether the server, or its end of the connection, ends with an error: what
// it was about to write may be there when it is back.
func ends(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.SeverityUnlocalized == "PANIC" || pg.SeverityUnlocalized == "FATAL")
}

// hasCode reports whether the server answered with a code.
func hasCode(err error, code string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == code
}
