package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// broadcast takes a change to many subscribers, each of which counts what it hears.
type broadcast interface {
	// change makes a change. It does not wait for subscribers.
	change(ctx context.Context, i int) error
	close() error
}

// heard counts what subscribers hear of, each of them every change once, and says
// when all have heard of a change.
type heard struct {
	each  int64
	total atomic.Int64
	all   chan struct{}
}

func newHeard(subscribers int) *heard {
	return &heard{each: int64(subscribers), all: make(chan struct{}, 1)}
}

func (h *heard) hear() {
	if h.total.Add(1)%h.each == 0 {
		h.all <- struct{}{}
	}
}

// await waits until all have heard.
func (h *heard) await(ctx context.Context) error {
	select {
	case <-h.all:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
		return fmt.Errorf("only %d of %d have heard", h.total.Load()%h.each, h.each)
	}
}

// broadcaster is somebody who takes part in fanout.
type broadcaster struct {
	name string
	open func(ctx context.Context, r *run, h *heard) (broadcast, error)
}

func broadcasters() []broadcaster {
	return []broadcaster{{"raw-pipe", openRawBroadcast}, {"nats", openNATSBroadcast}, {"ank", openAnkBroadcast}}
}

// fanoutGroup measures how a change comes to very many connections.
func fanoutGroup(ctx context.Context, r *run) error {
	r.say("fanout: %d connections; pipes within the process, since both ends of as many sockets are more files than one process may have open; nats: TCP over loopback, %d subscriptions to a connection",
		r.listeners, natsShare)
	for _, b := range broadcasters() {
		name := "fanout/change/time/" + b.name
		rate := "fanout/change/rate/" + b.name
		if !r.wants(name, rate) {
			continue
		}
		if err := r.broadcast(ctx, &b, name, rate); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// broadcast measures changes of which the next one comes when all have heard of the
// last.
func (r *run) broadcast(ctx context.Context, b *broadcaster, name, rate string) (err error) {
	h := newHeard(r.listeners)
	x, err := b.open(ctx, r, h)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	i := 0
	next := func() error {
		i++
		return errors.Join(x.change(ctx, i), h.await(ctx))
	}
	for range 3 {
		if err := next(); err != nil {
			return err
		}
	}
	for range r.rounds {
		if _, err := r.clocked(name, next); err != nil {
			return err
		}
		_, err := r.sample(ctx, measured{name: rate, unit: "changes/s", do: func(context.Context, int) error { return next() }})
		if err != nil {
			return err
		}
	}
	return nil
}

// rawBroadcast writes an encoded entity into channels, which copy it as Ank's pipes
// do.
type rawBroadcast struct {
	pipes []chan []byte
	wait  sync.WaitGroup
}

func openRawBroadcast(_ context.Context, r *run, h *heard) (broadcast, error) {
	b := &rawBroadcast{}
	for range r.listeners {
		pipe := make(chan []byte, 64)
		b.pipes = append(b.pipes, pipe)
		b.wait.Go(func() {
			for value := range pipe {
				if key, _ := decodeEntity(value); key != "" {
					h.hear()
				}
			}
		})
	}
	return b, nil
}

func (b *rawBroadcast) change(_ context.Context, i int) error {
	it := crowdRow(0, i)
	value := appendEntity(nil, it.key, &it.Item)
	for _, pipe := range b.pipes {
		pipe <- append([]byte(nil), value...)
	}
	return nil
}

func (b *rawBroadcast) close() error {
	for _, pipe := range b.pipes {
		close(pipe)
	}
	b.wait.Wait()
	return nil
}

// natsShare is how many subscriptions a connection to NATS has.
const natsShare = 100

// natsBroadcast publishes, and keeps nothing.
type natsBroadcast struct {
	server *natsServer
	conns  []*nats.Conn
	out    *nats.Conn
}

func openNATSBroadcast(_ context.Context, r *run, h *heard) (broadcast, error) {
	s, err := listenNATS("", false)
	if err != nil {
		return nil, err
	}
	b := &natsBroadcast{server: s}
	for i := range r.listeners {
		if i%natsShare == 0 {
			if err := b.settle(); err != nil {
				return nil, errors.Join(err, b.close())
			}
			conn, err := nats.Connect(s.ClientURL())
			if err != nil {
				return nil, errors.Join(err, b.close())
			}
			b.conns = append(b.conns, conn)
		}
		_, err := b.conns[len(b.conns)-1].Subscribe(subject(0), func(m *nats.Msg) {
			if key, _ := decodeEntity(m.Data); key != "" {
				h.hear()
			}
		})
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	if err := b.settle(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	b.out, err = nats.Connect(s.ClientURL())
	return b, err
}

// settle waits until the server knows of the subscriptions of the last connection.
func (b *natsBroadcast) settle() error {
	if len(b.conns) == 0 {
		return nil
	}
	return b.conns[len(b.conns)-1].FlushTimeout(time.Minute)
}

func (b *natsBroadcast) change(_ context.Context, i int) error {
	it := crowdRow(0, i)
	return errors.Join(b.out.Publish(subject(0), appendEntity(nil, it.key, &it.Item)), b.out.Flush())
}

func (b *natsBroadcast) close() error {
	for _, c := range b.conns {
		c.Close()
	}
	if b.out != nil {
		b.out.Close()
	}
	b.server.stop()
	return nil
}
