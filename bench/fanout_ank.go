package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/pebble"
)

// ankBroadcast is a node over a relaxed store. Its clients are no nodes, they only
// speak the protocol: what is measured is the server, as thousands of clients would
// not be in its process.
type ankBroadcast struct {
	*ank
	remove func()
	id     event.ID
	end    context.CancelFunc
	wait   sync.WaitGroup
	failed chan error // of the first client that fails
}

func openAnkBroadcast(ctx context.Context, r *run, h *heard) (broadcast, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	b := &ankBroadcast{remove: remove, failed: make(chan error, 1)}
	if b.ank, err = openNode(ctx, dir, pebble.Options{Relaxed: true}); err != nil {
		remove()
		return nil, err
	}
	ctx, b.end = context.WithCancel(ctx)
	tx := b.session.Begin()
	if b.id, err = plainItems.create(tx, crowdRow(0, 0).Item); err == nil {
		_, err = tx.Commit(ctx)
	}
	for range r.listeners {
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
		err = b.join(ctx, h)
	}
	return b, err
}

// join adds a client.
func (b *ankBroadcast) join(ctx context.Context, h *heard) error {
	near, far := pipe.New()
	b.wait.Go(func() {
		// The client notices if the server has a reason to end the connection.
		_ = b.node.Serve(context.WithoutCancel(ctx), far, "bench")
	})
	c := &wireClient{near}
	if err := c.greet(ctx); err != nil {
		return err
	}
	err := c.send(ctx, &wire.Subscribe{Request: 1, Collection: models.Plains.Schema().Collection()})
	if err != nil {
		return err
	}
	if _, err := c.next(ctx); err != nil {
		return err
	}
	b.wait.Go(func() {
		if err := c.listen(ctx, h); ctx.Err() == nil {
			select {
			case b.failed <- err:
			default:
			}
		}
		_ = c.conn.Close() // nothing is lost
	})
	return nil
}

func (b *ankBroadcast) change(ctx context.Context, i int) error {
	select {
	case err := <-b.failed:
		return err
	default:
	}
	tx := b.session.Begin()
	if err := plainItems.update(ctx, tx, b.id, i); err != nil {
		return err
	}
	_, err := tx.Commit(ctx)
	return err
}

func (b *ankBroadcast) close() error {
	defer b.remove()
	b.end()
	err := b.ank.close()
	b.wait.Wait()
	return err
}

// wireClient speaks the protocol, as a client with one live query.
type wireClient struct{ conn wire.Conn }

func (c *wireClient) send(ctx context.Context, m wire.Message) error {
	return c.conn.Send(ctx, wire.Append(nil, m))
}

// greet says and proves who it is, and believes the server.
func (c *wireClient) greet(ctx context.Context) error {
	key, err := event.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	hello := &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Node: key.Public(), Time: time.Now().UnixMicro()}
	_, _ = rand.Read(hello.Nonce[:]) // never fails
	said := wire.Append(nil, hello)
	mine := event.Digest(sha256.Sum256(said))
	if err := c.conn.Send(ctx, said); err != nil {
		return err
	}
	heard, err := c.conn.Receive(ctx)
	if err != nil {
		return err
	}
	proof := &wire.Proof{Signature: event.Prove(key, mine, sha256.Sum256(heard))}
	if err := c.send(ctx, proof); err != nil {
		return err
	}
	_, err = c.conn.Receive(ctx)
	return err
}

// next returns the next rows that are not empty, answers pings, and lets the server
// send more.
func (c *wireClient) next(ctx context.Context) (*wire.Rows, error) {
	for {
		encoded, err := c.conn.Receive(ctx)
		if err != nil {
			return nil, err
		}
		m, err := wire.Decode(encoded)
		if err != nil {
			return nil, err
		}
		switch m := m.(type) {
		case *wire.Rows:
			if len(m.Rows) > 0 {
				return m, nil
			}
		case *wire.Ping:
			err = c.send(ctx, &wire.Pong{Number: m.Number})
		case *wire.Failure:
			err = errors.New(m.Text)
		case *wire.Bye:
			err = errors.New(m.Text)
		default:
			err = fmt.Errorf("a message of kind %d", m.Kind())
		}
		if err != nil {
			return nil, err
		}
	}
}

// listen hears of changes until the connection or ctx ends, and returns why.
func (c *wireClient) listen(ctx context.Context, h *heard) error {
	const every = 1000 // changes, of which each takes less than a hundredth of what may be under way
	for i := 1; ; i++ {
		if _, err := c.next(ctx); err != nil {
			return err
		}
		h.hear()
		if i%every == 0 {
			if err := c.send(ctx, &wire.Credit{Request: 1, Bytes: wire.Window / 2}); err != nil {
				return err
			}
		}
	}
}
