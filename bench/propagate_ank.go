package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/websocket"
)

// ankConduit is clients with nodes of their own, of which each writer follows the
// rows that it changes, as somebody who edits them would.
type ankConduit struct {
	server  *ankServer
	ids     [][]event.ID // of the rows, by their writers
	clients []*ank       // the reader, and the writers
	lives   []*entity.Live[models.PlainView]
	heard   chan int // the scores of the first row, as the reader hears of them
	end     context.CancelFunc
	wait    sync.WaitGroup
}

func openAnkConduit(ctx context.Context, r *run, durable bool) (conduit, error) {
	c := &ankConduit{heard: make(chan int, 64), end: func() {}}
	var err error
	if c.server, err = openAnkServer(ctx, r, durable); err != nil {
		return nil, err
	}
	if err := c.fill(ctx); err != nil {
		return nil, errors.Join(err, c.close())
	}
	for k := -1; k <= otherWriters; k++ {
		if err := c.join(ctx, k); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	var following context.Context
	following, c.end = context.WithCancel(context.Background())
	c.wait.Go(func() { c.follow(following) })
	return c, nil
}

func (c *ankConduit) fill(ctx context.Context) error {
	tx := c.server.session.Begin()
	for k := range otherWriters + 1 {
		var ids []event.ID
		for i := range rowsOfWriter {
			id, err := plainItems.create(tx, writersRow(k, i).Item)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		c.ids = append(c.ids, ids)
	}
	_, err := tx.Commit(ctx)
	return err
}

// join connects the k-th writer or, if k is negative, the reader.
func (c *ankConduit) join(ctx context.Context, k int) error {
	client, err := openClient(ctx)
	if err != nil {
		return err
	}
	c.clients = append(c.clients, client)
	if _, err := client.node.Connect(websocket.Dialer(c.server.url)); err != nil {
		return err
	}
	live, err := models.Plains.Query(ctx, client.session, "owner = ? OR ?", crowdOwner(k), k < 0)
	if err != nil {
		return err
	}
	c.lives = append(c.lives, live)
	return live.Wait(ctx)
}

// follow tells of the first row.
func (c *ankConduit) follow(ctx context.Context) {
	for set := range c.lives[0].Changes(ctx) {
		for _, x := range set.Changes {
			if x.Kind == entity.Updated && x.Item.ID() == c.ids[0][0] {
				c.heard <- x.Item.Score()
			}
		}
	}
}

// commit changes a row on a client.
func (c *ankConduit) commit(ctx context.Context, k, row, score int) (event.ID, error) {
	tx := c.clients[k+1].session.Begin()
	if err := plainItems.update(ctx, tx, c.ids[k][row], score); err != nil {
		return event.ID{}, err
	}
	receipt, err := tx.Commit(ctx)
	return receipt.Transaction, err
}

func (c *ankConduit) change(ctx context.Context, i int) (time.Duration, error) {
	began := time.Now()
	tx, err := c.commit(ctx, 0, 0, i)
	if err != nil {
		return 0, err
	}
	for score := -1; score != i; {
		select {
		case score = <-c.heard:
		case <-time.After(time.Minute):
			return 0, fmt.Errorf("change %d has not arrived", i)
		}
	}
	took := time.Since(began)
	_, err = c.clients[1].node.Receipt(ctx, tx)
	return took, err
}

func (c *ankConduit) disturb(ctx context.Context, k, i int) error {
	_, err := c.commit(ctx, k, i%rowsOfWriter, i)
	return err
}

func (c *ankConduit) close() error {
	c.end()
	c.wait.Wait()
	var err error
	for _, l := range c.lives {
		l.Close()
	}
	for _, client := range c.clients {
		err = errors.Join(err, client.close())
	}
	return errors.Join(err, c.server.close())
}
