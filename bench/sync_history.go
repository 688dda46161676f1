package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	coder "github.com/coder/websocket"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/pebble"
)

// history measures how an empty durable node gets the whole log of another one, and
// verifies it, beside frames of the same entries.
func (r *run) history(ctx context.Context, from *ankSupplier) (err error) {
	var entries [][]byte
	if err := from.entries(ctx, event.Cursor{}, func(e *event.Entry) { entries = append(entries, e.AppendTo(nil)) }); err != nil {
		return err
	}
	served := make(chan error, 1)
	ours, err := serveLoopback(&websocket.Handler{Serve: func(_ context.Context, c wire.Conn, _ *http.Request) {
		served <- from.node.Replicate(context.Background(), c, node.Once())
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	raw, err := serveLoopback(acceptRaw(func(ctx context.Context, c *coder.Conn) error { return sendFrames(ctx, c, entries) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.close()) }()
	for range r.rounds {
		for _, deflate := range []bool{false, true} {
			replicate := func(m *meter, clock clock) error {
				return r.replicate(ctx, from, websocket.DialerWith(ours.url, m.client(deflate), nil), served, clock)
			}
			receive := func(m *meter, clock clock) error { return rawHistory(ctx, raw.url, m, deflate, len(entries), clock) }
			err := errors.Join(r.transferLog("ank", deflate, len(entries), replicate), r.transferLog("raw-ws", deflate, len(entries), receive))
			if err != nil {
				return fmt.Errorf("whole history: %w", err)
			}
		}
	}
	return nil
}

// clock has the time taken of what it calls.
type clock func(do func() error) error

// transferLog takes a sample of the transfer of a log.
func (r *run) transferLog(who string, deflate bool, entries int, transfer func(m *meter, c clock) error) error {
	if deflate {
		who += "-deflate"
	}
	if !r.wants(syncFigure("history", "time", who), syncFigure("history", "bytes", who), syncFigure("history", "rate", who)) {
		return nil
	}
	m := new(meter)
	return transfer(m, func(do func() error) error {
		took, err := r.clocked(syncFigure("history", "time", who), do)
		if err == nil {
			r.figures.add(syncFigure("history", "bytes", who), "bytes", float64(m.Load()))
			r.figures.add(syncFigure("history", "rate", who), "events/s", float64(entries)/took.Seconds())
		}
		return err
	})
}

// replicate brings an empty node up to a log.
func (r *run) replicate(ctx context.Context, from *ankSupplier, dial func(context.Context) (wire.Conn, error), served chan error, clock clock) (err error) {
	dir, remove, err := r.folder()
	if err != nil {
		return err
	}
	defer remove()
	to, err := openNode(ctx, dir, pebble.Options{Relaxed: true}, node.JoinSystem(from.node.System()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	certificate, err := from.node.Certify(to.node.Origin())
	if err == nil {
		err = to.node.Enrol(ctx, certificate)
	}
	if err != nil {
		return err
	}
	err = clock(func() error {
		c, err := dial(ctx)
		if err != nil {
			return err
		}
		return errors.Join(to.node.Replicate(ctx, c, node.Once()), <-served)
	})
	if err != nil {
		return err
	}
	have, err := to.node.Cursor(ctx)
	if err != nil {
		return err
	}
	want, err := from.node.Cursor(ctx)
	if err == nil && !have.Equal(want) {
		err = errors.New("the log has not come whole")
	}
	return err
}

// rawHistory receives entries and keeps them.
func rawHistory(ctx context.Context, url string, m *meter, deflate bool, entries int, clock clock) error {
	kept := make([][]byte, 0, entries)
	err := clock(func() error {
		c, err := dialRaw(ctx, url, m, deflate)
		if err != nil {
			return err
		}
		return receiveFrames(ctx, c, func(b []byte) { kept = append(kept, b) })
	})
	if err == nil && len(kept) != entries {
		err = fmt.Errorf("%d entries instead of %d", len(kept), entries)
	}
	return err
}
