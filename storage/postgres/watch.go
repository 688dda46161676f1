package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/storage"
)

// Watch calls notice after commits of other engines, as the server tells them, on a
// connection of its own. When that is lost it makes another one, and calls notice for
// what may have been missed.
func (e *Engine) Watch(ctx context.Context, notice func()) error {
	if err := e.usable(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longPause) {
		if heard := e.listen(ctx, notice); heard {
			pause = firstPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	if e.ctx.Err() != nil {
		return storage.ErrClosed
	}
	return nil
}

// listen calls notice until the connection is lost, and reports whether there was one.
func (e *Engine) listen(ctx context.Context, notice func()) (heard bool) {
	conn, err := pgx.ConnectConfig(ctx, e.readers.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelDelay)
		defer cancel()
		conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+quote(e.channel)); err != nil {
		return false
	}
	for notice(); ; {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		if !strings.HasSuffix(n.Payload, " "+e.name) {
			notice()
		}
	}
}

// told is what a commit tells: its number, and whose it is.
func (e *Engine) told(number int64) string { return fmt.Sprintf("%d %s", number, e.name) }
