package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/coder/websocket"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// arrivals are the scores of the first row, as the reader hears of them.
type arrivals chan int

// await measures how long the i-th change takes that make makes.
func (a arrivals) await(i int, make func() error) (time.Duration, error) {
	began := time.Now()
	if err := make(); err != nil {
		return 0, err
	}
	for score := -1; score != i; {
		select {
		case score = <-a:
		case <-time.After(time.Minute):
			return 0, fmt.Errorf("change %d has not arrived", i)
		}
	}
	return time.Since(began), nil
}

// hear tells of a value if it is the first row's.
func (a arrivals) hear(value []byte) {
	if key, it := decodeEntity(value); key == writersRow(0, 0).key {
		a <- it.Score
	}
}

// rawConduit is a relay of WebSocket messages. If it is durable it writes each to
// a file first, and syncs.
type rawConduit struct {
	*loopback
	db      *pebble.DB // nil: relaxed
	remove  func()
	mu      sync.Mutex // of what the relay writes
	reader  *websocket.Conn
	clients []*websocket.Conn // the reader, and the writers
	heard   arrivals
	wait    sync.WaitGroup
}

func openRawConduit(ctx context.Context, r *run, durable bool) (conduit, error) {
	c := &rawConduit{heard: make(arrivals, 64), remove: func() {}}
	var err error
	if durable {
		var dir string
		if dir, c.remove, err = r.folder(); err == nil {
			c.db, err = r.openRaw(ctx, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	joined := make(chan struct{})
	c.loopback, err = serveLoopback(acceptRaw(func(ctx context.Context, conn *websocket.Conn) error {
		c.mu.Lock()
		if c.reader == nil {
			c.reader = conn
		}
		c.mu.Unlock()
		joined <- struct{}{}
		return c.relay(ctx, conn)
	}))
	if err != nil {
		return nil, err
	}
	for range otherWriters + 2 {
		conn, err := dialRaw(ctx, c.url, new(meter), true)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.clients = append(c.clients, conn)
		<-joined
	}
	c.wait.Go(c.follow)
	return c, nil
}

// relay passes on what a client sends.
func (c *rawConduit) relay(ctx context.Context, from *websocket.Conn) error {
	for {
		_, b, err := from.Read(ctx)
		if err != nil {
			return err
		}
		c.mu.Lock()
		if c.db != nil {
			key, _ := decodeEntity(b)
			err = c.db.Set([]byte(key), b, pebble.Sync)
		}
		if err == nil {
			err = c.reader.Write(ctx, websocket.MessageBinary, b)
		}
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (c *rawConduit) follow() {
	for {
		_, b, err := c.clients[0].Read(context.Background())
		if err != nil {
			return // it was closed
		}
		c.heard.hear(b)
	}
}

func (c *rawConduit) send(ctx context.Context, k int, it *item) error {
	return c.clients[k+1].Write(ctx, websocket.MessageBinary, appendEntity(nil, it.key, &it.Item))
}

func (c *rawConduit) change(ctx context.Context, i int) (time.Duration, error) {
	it := writersRow(0, 0)
	it.Score = i
	return c.heard.await(i, func() error { return c.send(ctx, 0, it) })
}

func (c *rawConduit) disturb(ctx context.Context, k, i int) error {
	return c.send(ctx, k, writersRow(k, i%rowsOfWriter))
}

func (c *rawConduit) close() error {
	defer c.remove()
	for _, conn := range c.clients {
		_ = conn.CloseNow() // the relay has nothing more to say
	}
	c.wait.Wait()
	err := c.loopback.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		err = errors.Join(err, c.db.Close())
	}
	return err
}

// natsConduit is clients of a key-value bucket.
type natsConduit struct {
	*natsSupplier
	conns   []*nats.Conn
	buckets []jetstream.KeyValue // of the writers
	heard   arrivals
	wait    sync.WaitGroup
	watcher jetstream.KeyWatcher
}

func openNATSConduit(ctx context.Context, r *run, durable bool) (conduit, error) {
	s, err := openNATSBucket(ctx, r, durable)
	if err != nil {
		return nil, err
	}
	c := &natsConduit{natsSupplier: s, heard: make(arrivals, 64)}
	for range otherWriters + 2 {
		conn, err := nats.Connect(s.server.ClientURL())
		if err == nil {
			c.conns = append(c.conns, conn)
			err = c.writer(ctx, conn)
		}
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	if c.watcher, err = watchNATS(ctx, c.conns[0]); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.wait.Go(func() {
		for entry := range c.watcher.Updates() {
			if entry != nil {
				c.heard.hear(entry.Value())
			}
		}
	})
	return c, nil
}

func (c *natsConduit) writer(ctx context.Context, conn *nats.Conn) error {
	stream, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	bucket, err := stream.KeyValue(ctx, "entities")
	c.buckets = append(c.buckets, bucket)
	return err
}

func (c *natsConduit) send(ctx context.Context, k int, it *item) error {
	_, err := c.buckets[k+1].Put(ctx, it.key, appendEntity(nil, it.key, &it.Item))
	return err
}

// change does not wait for the answer to Put if the change arrives earlier.
func (c *natsConduit) change(ctx context.Context, i int) (time.Duration, error) {
	it := writersRow(0, 0)
	it.Score = i
	put := make(chan error, 1)
	took, err := c.heard.await(i, func() error {
		go func() { put <- c.send(ctx, 0, it) }()
		return nil
	})
	if err != nil {
		return 0, err
	}
	return took, <-put
}

func (c *natsConduit) disturb(ctx context.Context, k, i int) error {
	return c.send(ctx, k, writersRow(k, i%rowsOfWriter))
}

func (c *natsConduit) close() error {
	var err error
	if c.watcher != nil {
		err = c.watcher.Stop()
		c.wait.Wait()
	}
	for _, conn := range c.conns {
		conn.Close()
	}
	return errors.Join(err, c.natsSupplier.close())
}
