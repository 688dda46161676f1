package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// stage is a server, a client, the line between them, and what the client sees.
type stage struct {
	out    io.Writer
	server *node.Session // acts as ada
	client *node.Session // acts as grace
	link   *pipe.Link

	live *entity.Live[music.AlbumView]
	next func() (entity.ChangeSet[music.AlbumView], bool)
}

// meet connects a client to the server and plays the scenes.
func meet(ctx context.Context, out io.Writer, s *server) (err error) {
	engine, err := memory.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	client, err := node.Open(ctx, engine,
		node.Models(music.Models()...), node.WithPolicy(node.AllowAll()), node.Ephemeral())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()

	serving, stop := context.WithCancel(ctx)
	defer stop()
	link := pipe.NewLink(func(c wire.Conn) { go s.node.Serve(serving, c, "grace") })
	if _, err := client.Connect(link.Dial); err != nil {
		return err
	}
	st := &stage{out: out, server: s.node.Session("ada"), client: client.Session("grace"), link: link}
	return st.play(ctx)
}

func (st *stage) play(ctx context.Context) error {
	live, err := music.Albums.Query(ctx, st.client, "year > 1985 ORDER BY year, name")
	if err != nil {
		return err
	}
	defer live.Close()
	if err := live.Wait(ctx); err != nil {
		return err
	}
	next, stop := iter.Pull(live.Changes(ctx))
	defer stop()
	st.live, st.next = live, next

	fmt.Fprintln(st.out, "\n== the client watches: year > 1985 ORDER BY year, name")
	st.show()
	for _, scene := range []func(context.Context) error{st.edits, st.bothEdit, st.refused, st.past} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return live.Err()
}

// show prints the next change set of the live query that changes more than what is
// pending.
func (st *stage) show() {
	for seen := false; !seen; {
		set, ok := st.next()
		if !ok {
			return
		}
		for _, change := range set.Changes {
			if !isConfirmation(change) {
				st.print(change)
				seen = true
			}
		}
	}
}

// isConfirmation reports whether all that happened is that the server has accepted
// what was shown already.
func isConfirmation(change entity.Change[music.AlbumView]) bool {
	return change.Kind == entity.Updated && len(change.Fields) == 0
}

// follow prints what happens to one album until it leaves.
func (st *stage) follow(id event.ID) {
	for {
		set, ok := st.next()
		if !ok {
			return
		}
		for _, change := range set.Changes {
			if change.Item.ID() != id {
				continue
			}
			st.print(change)
			if change.Kind == entity.Removed {
				return
			}
		}
	}
}

func (st *stage) print(change entity.Change[music.AlbumView]) {
	album := change.Item
	fmt.Fprintf(st.out, "  %-8s %d  %s", change.Kind, album.Year(), album.Name())
	if change.Kind == entity.Removed {
		fmt.Fprintf(st.out, " (%s)", change.Reason)
	}
	fmt.Fprintln(st.out)
}

// edits: the server's side adds, changes and moves an album out of the query;
// the client's side deletes one.
func (st *stage) edits(ctx context.Context) error {
	fmt.Fprintln(st.out, "\n== ada edits at the server, grace at the client")
	bush, err := music.Artists.First(ctx, st.server, "name = 'Kate Bush'")
	if err != nil {
		return err
	}
	var shoes event.ID
	err = st.server.Update(ctx, func(tx *node.Tx) error {
		album, err := music.Albums.Create(tx, music.Album{Name: "The Red Shoe", Artist: bush.Ref(), Year: 1992, Genre: music.Pop})
		shoes = album.ID()
		return err
	})
	if err != nil {
		return err
	}
	st.show()
	for _, edit := range []struct {
		by    *node.Session
		named string
		with  func(music.AlbumMutable)
	}{
		{st.server, "The Red Shoe", func(a music.AlbumMutable) { a.SetName("The Red Shoes") }},
		{st.client, "The Red Shoes", func(a music.AlbumMutable) { a.SetYear(1993) }},
		{st.server, "Tutu", func(a music.AlbumMutable) { a.SetYear(1985) }},
		{st.server, "Tutu", func(a music.AlbumMutable) { a.SetYear(1986) }},
	} {
		if err := change(ctx, edit.by, edit.named, edit.with); err != nil {
			return err
		}
		st.show()
	}
	if err := st.client.Update(ctx, func(tx *node.Tx) error { return music.Albums.Delete(ctx, tx, shoes) }); err != nil {
		return err
	}
	st.show()
	return st.settle(ctx)
}

// change edits the album of that name in a transaction of its own.
func change(ctx context.Context, s *node.Session, name string, with func(music.AlbumMutable)) error {
	return s.Update(ctx, func(tx *node.Tx) error {
		found, err := music.Albums.First(ctx, tx, "name = ?", name)
		if err != nil {
			return err
		}
		album, err := music.Albums.Edit(ctx, tx, found.ID())
		if err != nil {
			return err
		}
		with(album)
		return nil
	})
}
