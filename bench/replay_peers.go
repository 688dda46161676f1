package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// sqliteLog keeps events in a table.
type sqliteLog struct {
	db     *sql.DB
	remove func()
}

func (r *run) openSQLiteLog(ctx context.Context, list []happening) (source, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	db, err := openSQLite(ctx, dir, "replay.db", false,
		`CREATE TABLE event (seq INTEGER PRIMARY KEY, entity TEXT, field TEXT, value INTEGER)`)
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO event (entity, field, value) VALUES (?, ?, ?)`)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		w := newWritten(h)
		if _, err := insert.Exec(w.Entity, w.Field, w.Value); err != nil {
			return nil, err
		}
	}
	return &sqliteLog{db, remove}, tx.Commit()
}

func (l *sqliteLog) fold(ctx context.Context, deadline time.Time) (n, sum int, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT entity, field, value FROM event ORDER BY seq`)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	states := map[string]int{}
	for rows.Next() {
		var w written
		if err := rows.Scan(&w.Entity, &w.Field, &w.Value); err != nil {
			return n, 0, err
		}
		states[w.Entity] = w.Value
		if n++; n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
	}
	return n, sumOfMap(states), rows.Err()
}

func (l *sqliteLog) close() error {
	defer l.remove()
	return l.db.Close()
}

// natsLog keeps events in a stream.
type natsLog struct {
	server *natsServer
	conn   *nats.Conn
	stream jetstream.Stream
	remove func()
	events int
}

func (r *run) openNATSLog(ctx context.Context, list []happening) (source, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	s, err := openNATS(dir, false)
	if err != nil {
		return nil, err
	}
	l := &natsLog{server: s, remove: remove, events: len(list)}
	if l.conn, err = s.connect(); err != nil {
		return nil, err
	}
	return l, l.fill(ctx, list)
}

func (l *natsLog) fill(ctx context.Context, list []happening) error {
	stream, err := jetstream.New(l.conn, jetstream.WithPublishAsyncMaxPending(natsWindow))
	if err != nil {
		return err
	}
	l.stream, err = stream.CreateStream(ctx, jetstream.StreamConfig{
		Name: "events", Subjects: []string{"events"}, Storage: jetstream.FileStorage,
	})
	if err != nil {
		return err
	}
	for _, h := range list {
		value, err := json.Marshal(newWritten(h))
		if err != nil {
			return err
		}
		if _, err := stream.PublishAsync("events", value, jetstream.WithStallWait(time.Minute)); err != nil {
			return err
		}
	}
	select {
	case <-stream.PublishAsyncComplete():
		return nil
	case <-time.After(time.Minute):
		return errors.New("nats does not store the events")
	}
}

func (l *natsLog) fold(ctx context.Context, deadline time.Time) (n, sum int, err error) {
	consumer, err := l.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, 0, err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(natsWindow))
	if err != nil {
		return 0, 0, err
	}
	defer messages.Stop()
	states := map[string]int{}
	for n < l.events {
		message, err := messages.Next()
		if err != nil {
			return n, 0, err
		}
		var w written
		if err := json.Unmarshal(message.Data(), &w); err != nil {
			return n, 0, err
		}
		states[w.Entity] = w.Value
		if n++; n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
	}
	return n, sumOfMap(states), nil
}

func (l *natsLog) close() error {
	defer l.remove()
	l.conn.Close()
	l.server.stop()
	return nil
}
