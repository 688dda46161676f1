package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsServer is a NATS server in this process, with JetStream if it has a
// folder.
type natsServer struct{ *server.Server }

// openNATS starts a server that is reached within the process.
func openNATS(dir string, durable bool) (*natsServer, error) {
	return startNATS(&server.Options{DontListen: true}, dir, durable)
}

// listenNATS starts a server that is reached by TCP over loopback.
func listenNATS(dir string, durable bool) (*natsServer, error) {
	return startNATS(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT}, dir, durable)
}

func startNATS(o *server.Options, dir string, durable bool) (*natsServer, error) {
	o.NoSigs, o.NoLog, o.MaxPayload, o.MaxPending = true, true, 1<<20, 1<<30
	o.JetStream, o.StoreDir, o.SyncAlways = dir != "", dir, durable
	o.JetStreamMaxStore, o.JetStreamMaxMemory = 8<<30, 1<<30
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("nats does not start")
	}
	return &natsServer{s}, nil
}

func (s *natsServer) connect() (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(s))
}

func (s *natsServer) stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// natsWriter keeps states in a key-value bucket.
type natsWriter struct {
	server *natsServer
	conn   *nats.Conn
	bucket jetstream.KeyValue
	mu     []sync.Mutex // of an entity, by its low bits
	items  []item
}

func openNATSWriter(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
	s, err := openNATS(dir, durable)
	if err != nil {
		return nil, err
	}
	w := &natsWriter{server: s, mu: make([]sync.Mutex, 256), items: make([]item, r.entities)}
	if w.conn, err = s.connect(); err != nil {
		s.stop()
		return nil, err
	}
	stream, err := jetstream.New(w.conn)
	if err == nil {
		w.bucket, err = stream.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "entities", Storage: jetstream.FileStorage, History: 1})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("nats: %w", err), w.close())
	}
	return w, nil
}

func (w *natsWriter) create(ctx context.Context, i int, e *item) error {
	w.items[i] = *e
	return w.put(ctx, e)
}

func (w *natsWriter) update(ctx context.Context, i, score int) error {
	mu := &w.mu[i%len(w.mu)]
	mu.Lock()
	defer mu.Unlock()
	w.items[i].Score = score
	return w.put(ctx, &w.items[i])
}

func (w *natsWriter) put(ctx context.Context, e *item) error {
	_, err := w.bucket.Put(ctx, e.key, appendEntity(make([]byte, 0, 128), e.key, &e.Item))
	return err
}

func (w *natsWriter) close() error {
	w.conn.Close()
	w.server.stop()
	return nil
}
