package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/storage/pebble"
)

// patience is how long a client waits for others before that is an error.
const patience = time.Minute

// client is an ephemeral node with a live query of all albums.
type client struct {
	node       *node.Node
	session    *node.Session
	connection *node.Connection
	live       *entity.Live[music.AlbumView]
}

// work is a client.
func work(ctx context.Context, dir, address, name string, in io.Reader, out io.Writer) (err error) {
	at := slices.Index(users[:], node.Principal(name))
	if at < 0 {
		return fmt.Errorf("there is no user %q", name)
	}
	token := strings.Split(os.Getenv("ANK_TOKENS"), ",")[at]
	engine, err := pebble.Open(ctx, dir, pebble.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	n, err := node.Open(ctx, engine, node.Ephemeral(), node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(ctx)) }()
	c := &client{node: n, session: n.Session(users[at])}
	c.connection, err = n.Connect(websocket.Dialer("ws://"+address), node.WithCredentials(
		func(context.Context, node.Principal) ([]byte, error) { return []byte(token), nil }))
	if err != nil {
		return err
	}
	if c.live, err = music.Albums.Query(ctx, c.session, "ORDER BY year, name"); err != nil {
		return err
	}
	defer c.live.Close()
	fmt.Fprintf(out, "ready\n.\n")
	return converse(in, out, func(verb, rest string) ([]string, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return c.do(ctx, verb, rest)
	})
}

// do does what the main program asks for.
func (c *client) do(ctx context.Context, verb, rest string) ([]string, error) {
	words := strings.Split(rest, "|")
	switch {
	case verb == "add" && len(words) == 2:
		year, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, err
		}
		return c.update(ctx, func(tx *node.Tx) error {
			_, err := music.Albums.Create(tx, music.Album{Name: words[0], Year: year})
			return err
		})
	case verb == "rename" && len(words) == 2:
		return c.edit(ctx, words[0], func(a music.AlbumMutable) { a.SetName(words[1]) })
	case verb == "label" && len(words) == 2:
		return c.edit(ctx, words[0], func(a music.AlbumMutable) { a.SetLabel(words[1]) })
	case verb == "show":
		return lines(c.live.Items().Slice()), nil
	case verb == "ledger":
		return c.ledger(ctx)
	case verb == "connected":
		return nil, c.connection.Wait(ctx)
	case verb == "lost":
		return nil, c.lost(ctx)
	case verb == "decided":
		return nil, c.decided(ctx)
	case verb == "await":
		return nil, c.await(ctx, words)
	}
	return nil, fmt.Errorf("there is no command %q", verb)
}

func (c *client) update(ctx context.Context, change func(*node.Tx) error) ([]string, error) {
	return nil, c.session.Update(ctx, change)
}

// edit changes an album that is shown, as an application would: it needs no connection.
func (c *client) edit(ctx context.Context, name string, change func(music.AlbumMutable)) ([]string, error) {
	for _, a := range c.live.Items().All() {
		if a.Name() != name {
			continue
		}
		return c.update(ctx, func(tx *node.Tx) error {
			m, err := music.Albums.Edit(ctx, tx, a.ID())
			if err == nil {
				change(m)
			}
			return err
		})
	}
	return nil, fmt.Errorf("there is no album %q", name)
}

// lost waits until the client has noticed that there is no server.
func (c *client) lost(ctx context.Context) error {
	for set := range c.live.Changes(ctx) {
		if set.State.Phase != entity.Complete {
			return nil
		}
	}
	return errors.Join(ctx.Err(), c.live.Err())
}

// decided waits until all that was done here is decided.
func (c *client) decided(ctx context.Context) error {
	for entry, err := range c.node.Ledger(ctx) {
		if err != nil {
			return err
		}
		if entry.Status != node.Pending {
			continue
		}
		if _, err := c.node.Receipt(ctx, entry.Transaction); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the albums are these.
func (c *client) await(ctx context.Context, want []string) error {
	for set := range c.live.Changes(ctx) {
		if set.State.Phase == entity.Complete && slices.Equal(lines(c.live.Items().Slice()), want) {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("it shows %q, %v", lines(c.live.Items().Slice()), c.live.State()), ctx.Err())
}

// ledger says what became of everything that was done here.
func (c *client) ledger(ctx context.Context) (text []string, err error) {
	for entry, err := range c.node.Ledger(ctx) {
		if err != nil {
			return nil, err
		}
		line := entry.Status.String()
		if entry.Content != nil {
			line += ": " + describe(entry.Content)
		}
		if entry.Reason != nil {
			line += "; " + entry.Reason.Error()
		}
		text = append(text, line)
	}
	return text, nil
}

// describe says what a transaction does.
func describe(tx *event.Transaction) string {
	var parts []string
	for _, e := range tx.Events {
		verb := "changes"
		if e.IsCreation() {
			verb = "creates"
		}
		fields := make([]string, len(e.Ops))
		for i := range e.Ops {
			fields[i] = e.Ops[i].Field
		}
		parts = append(parts, fmt.Sprintf("%s %s (%s)", verb, e.Collection, strings.Join(fields, ", ")))
	}
	return strings.Join(parts, ", ")
}
