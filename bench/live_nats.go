package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// natsFan publishes to a subject for each row. So that slow consumers are not
// dropped, no more than a window of deliveries is under way.
type natsFan struct {
	c        *crowd
	server   *natsServer
	in, out  *nats.Conn // of the subscribers and of the publisher
	rows     []*item
	window   chan struct{} // holds one for each delivery under way
	heard    atomic.Int64
	expected int64
	buffer   []byte
}

const natsWindow = 4000

func openNATSFan(_ context.Context, _ *run, c *crowd) (fan, error) {
	s, err := openNATS("", false)
	if err != nil {
		return nil, err
	}
	f := &natsFan{c: c, server: s, window: make(chan struct{}, max(natsWindow, c.match))}
	if f.in, err = s.connect(); err == nil {
		f.out, err = s.connect()
	}
	if err != nil {
		s.stop()
	}
	return f, err
}

func subject(k int) string { return fmt.Sprintf("b.%d", k) }

func (f *natsFan) subscribe(_ context.Context, k, _ int) error {
	s, err := f.in.Subscribe(subject(k), func(*nats.Msg) {
		f.heard.Add(1)
		<-f.window
	})
	if err != nil {
		return err
	}
	return s.SetPendingLimits(-1, -1)
}

func (f *natsFan) ready() error {
	for k := range f.c.groups() {
		f.rows = append(f.rows, crowdRow(k, 0))
	}
	return f.in.FlushTimeout(time.Minute)
}

func (f *natsFan) update(_ context.Context, k int) error {
	for range f.c.match {
		select {
		case f.window <- struct{}{}:
			continue
		default:
		}
		if err := f.out.Flush(); err != nil {
			return err
		}
		f.window <- struct{}{}
	}
	row := f.rows[k]
	row.Score ^= 1
	f.buffer = appendEntity(f.buffer[:0], row.key, &row.Item)
	f.expected += int64(f.c.match)
	return f.out.Publish(subject(k), f.buffer)
}

func (f *natsFan) settle() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); f.heard.Load() < f.expected; time.Sleep(10 * time.Microsecond) {
		if time.Now().After(end) {
			return errors.New("nats does not deliver")
		}
	}
	return nil
}

func (f *natsFan) delivered() int { return int(f.heard.Load()) }

func (f *natsFan) close() error {
	f.in.Close()
	f.out.Close()
	f.server.stop()
	return nil
}
