package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsSupplier keeps states in a key-value bucket of a server that listens on
// loopback.
type natsSupplier struct {
	server *natsServer
	conn   *nats.Conn
	stream jetstream.JetStream
	remove func()
	items  []item
}

func openNATSSupplier(ctx context.Context, r *run, list []item) (*natsSupplier, error) {
	s, err := openNATSBucket(ctx, r, false)
	if err != nil {
		return nil, err
	}
	s.items = append(s.items, list...)
	return s, s.put(ctx, len(list), func(i int) *item { return &s.items[i] })
}

// openNATSBucket starts a server with an empty bucket.
func openNATSBucket(ctx context.Context, r *run, durable bool) (*natsSupplier, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	s := &natsSupplier{remove: remove}
	if s.server, err = listenNATS(dir, durable); err != nil {
		remove()
		return nil, err
	}
	if s.conn, err = nats.Connect(s.server.ClientURL()); err == nil {
		s.stream, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(natsWindow))
	}
	if err == nil {
		_, err = s.stream.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "entities", Storage: jetstream.FileStorage, History: 1})
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// put writes values without waiting for each of them.
func (s *natsSupplier) put(ctx context.Context, n int, at func(i int) *item) error {
	for i := range n {
		it := at(i)
		value := appendEntity(nil, it.key, &it.Item)
		if _, err := s.stream.PublishAsync("$KV.entities."+it.key, value, jetstream.WithStallWait(time.Minute)); err != nil {
			return err
		}
	}
	select {
	case <-s.stream.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
		return errors.New("nats does not store the values")
	}
}

func (s *natsSupplier) change(ctx context.Context, list []update) error {
	return s.put(ctx, len(list), func(i int) *item {
		it := &s.items[list[i].entity]
		it.Score = list[i].score
		return it
	})
}

func (s *natsSupplier) receiver(context.Context, bool) (receiver, error) {
	return &natsReceiver{s: s, states: map[string]item{}}, nil
}

func (s *natsSupplier) close() error {
	defer s.remove()
	if s.conn != nil {
		s.conn.Close()
	}
	s.server.stop()
	return nil
}

// natsReceiver watches the bucket, from the revision on that it knows.
type natsReceiver struct {
	meter
	s      *natsSupplier
	conn   *nats.Conn
	last   uint64
	states map[string]item
}

func (c *natsReceiver) get(ctx context.Context) error {
	var err error
	if c.conn, err = nats.Connect(c.s.server.ClientURL(), nats.SetCustomDialer(&c.meter)); err != nil {
		return err
	}
	var options []jetstream.WatchOpt
	if c.last > 0 {
		options = append(options, jetstream.ResumeFromRevision(c.last+1))
	}
	w, err := watchNATS(ctx, c.conn, options...)
	if err != nil {
		return err
	}
	for entry := range w.Updates() {
		if entry == nil { // that was all there is
			return nil
		}
		key, it := decodeEntity(entry.Value())
		c.states[key], c.last = item{key, it}, entry.Revision()
	}
	return fmt.Errorf("nats ends the watch after %d values", len(c.states))
}

func watchNATS(ctx context.Context, conn *nats.Conn, options ...jetstream.WatchOpt) (jetstream.KeyWatcher, error) {
	stream, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	bucket, err := stream.KeyValue(ctx, "entities")
	if err != nil {
		return nil, err
	}
	return bucket.WatchAll(ctx, options...)
}

func (c *natsReceiver) received() int64 { return c.Load() }

func (c *natsReceiver) leave(context.Context) error {
	c.conn.Close()
	return nil
}

func (c *natsReceiver) check(scores []int) error {
	sum := 0
	for _, it := range c.states {
		sum += it.Score
	}
	return checkScores(len(c.states), sum, scores)
}

func (c *natsReceiver) close() error { return nil }
