package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
)

// ankServer is a durable node that serves clients over WebSockets.
type ankServer struct {
	*ank
	*loopback
	remove func()
}

func openAnkServer(ctx context.Context, r *run, durable bool) (*ankServer, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	s := &ankServer{remove: remove}
	if s.ank, err = openNode(ctx, dir, pebble.Options{Relaxed: !durable}); err != nil {
		remove()
		return nil, err
	}
	s.loopback, err = serveLoopback(&websocket.Handler{Serve: func(_ context.Context, c wire.Conn, _ *http.Request) {
		_ = s.node.Serve(context.Background(), c, "bench") // the client notices
	}})
	if err != nil {
		return nil, errors.Join(err, s.ank.close())
	}
	return s, nil
}

func (s *ankServer) close() error {
	defer s.remove()
	return errors.Join(s.loopback.close(), s.ank.close())
}

// openClient opens an ephemeral node with an empty store in memory.
func openClient(ctx context.Context) (*ank, error) {
	engine, err := memory.Open()
	if err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, engine, node.Ephemeral(), node.Models(models.Models()...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return &ank{engine, n, n.Session("bench")}, nil
}

// ankSupplier is a server whose clients follow all entities.
type ankSupplier struct {
	*ankServer
	ids    []event.ID
	missed [][]byte // the encoded events of the last changes
}

// openAnkSupplier fills a server, every entity in a transaction of its own.
func openAnkSupplier(ctx context.Context, r *run, list []item) (*ankSupplier, error) {
	server, err := openAnkServer(ctx, r, false)
	if err != nil {
		return nil, err
	}
	s := &ankSupplier{ankServer: server, ids: make([]event.ID, len(list))}
	w := ankWriter{s.ank, plainItems, s.ids}
	for i := range list {
		if err := w.create(ctx, i, &list[i]); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *ankSupplier) change(ctx context.Context, list []update) error {
	before, err := s.node.Cursor(ctx)
	if err != nil {
		return err
	}
	w := ankWriter{s.ank, plainItems, s.ids}
	for _, u := range list {
		if err := w.update(ctx, u.entity, u.score); err != nil {
			return err
		}
	}
	s.missed = nil
	return s.entries(ctx, before, func(e *event.Entry) {
		for _, x := range e.Events() {
			s.missed = append(s.missed, x.AppendTo(nil))
		}
	})
}

// entries reads the log from a cursor on.
func (s *ankSupplier) entries(ctx context.Context, from event.Cursor, take func(e *event.Entry)) error {
	snapshot, err := s.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	for e, err := range snapshot.Log(ctx, from) {
		if err != nil {
			return err
		}
		take(e)
	}
	return nil
}

func (s *ankSupplier) receiver(ctx context.Context, deflate bool) (receiver, error) {
	c := &ankReceiver{}
	c.dial = websocket.DialerWith(s.url, c.client(deflate), nil)
	var err error
	c.ank, err = openClient(ctx)
	return c, err
}

// ankReceiver is a client with a live query for all entities.
type ankReceiver struct {
	*ank
	meter
	dial       func(ctx context.Context) (wire.Conn, error)
	connection *node.Connection
	live       *entity.Live[models.PlainView]
}

func (c *ankReceiver) get(ctx context.Context) error {
	var err error
	if c.connection, err = c.node.Connect(c.dial); err != nil {
		return err
	}
	if c.live == nil {
		if c.live, err = models.Plains.Query(ctx, c.session, ""); err != nil {
			return err
		}
	}
	return c.live.Wait(ctx)
}

func (c *ankReceiver) received() int64                 { return c.Load() }
func (c *ankReceiver) leave(ctx context.Context) error { return c.connection.Close(ctx) }

func (c *ankReceiver) check(scores []int) error {
	sum, items := 0, c.live.Items()
	for _, it := range items.All() {
		sum += it.Score()
	}
	return checkScores(items.Len(), sum, scores)
}

func (c *ankReceiver) close() error {
	if c.live != nil {
		c.live.Close()
	}
	return c.ank.close()
}
