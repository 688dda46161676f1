package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
)

// watched returns the album of that name in what the client sees.
func (st *stage) watched(name string) (music.AlbumView, error) {
	for _, album := range st.live.Items().All() {
		if album.Name() == name {
			return album, nil
		}
	}
	return music.AlbumView{}, fmt.Errorf("the client sees no album %q", name)
}

// bothEdit cuts the line, lets both sides edit one album, and mends it: what
// only one of them wrote is there on both sides, and where both wrote the same
// field, both show the later.
func (st *stage) bothEdit(ctx context.Context) error {
	fmt.Fprintln(st.out, "\n== the line is cut; both edit Parade")
	parade, err := st.watched("Parade")
	if err != nil {
		return err
	}
	st.link.Cut()
	if err := st.phase(ctx, entity.Stale); err != nil {
		return err
	}
	if err := edit(ctx, st.client, parade.ID(), func(a music.AlbumMutable) {
		a.SetGenre(music.Pop)
		a.SetLabel("Paisley Park / Warner Bros.")
	}); err != nil {
		return err
	}
	// Of two writes in the same millisecond either may count as the later.
	<-time.After(2 * time.Millisecond)
	if err := edit(ctx, st.server, parade.ID(), func(a music.AlbumMutable) {
		a.SetName("Parade (Under the Cherry Moon)")
		a.SetLabel("Warner Bros.")
	}); err != nil {
		return err
	}
	if err := st.compare(ctx, parade.ID()); err != nil {
		return err
	}

	fmt.Fprintln(st.out, "== the line is mended")
	st.link.Mend()
	if err := st.settle(ctx); err != nil {
		return err
	}
	if err := st.compare(ctx, parade.ID()); err != nil {
		return err
	}
	// The scene leaves the stage as it found it, for another run.
	return st.back(ctx, parade)
}

// back gives an album the values of an earlier view again, at the server.
func (st *stage) back(ctx context.Context, was music.AlbumView) error {
	err := edit(ctx, st.server, was.ID(), func(a music.AlbumMutable) {
		a.SetName(was.Name())
		a.SetGenre(was.Genre())
		label, _ := was.Label()
		a.SetLabel(label)
	})
	if err != nil {
		return err
	}
	return st.settle(ctx)
}

func edit(ctx context.Context, s *node.Session, id event.ID, with func(music.AlbumMutable)) error {
	return s.Update(ctx, func(tx *node.Tx) error {
		album, err := music.Albums.Edit(ctx, tx, id)
		if err != nil {
			return err
		}
		with(album)
		return nil
	})
}

// compare prints an album as both sides show it.
func (st *stage) compare(ctx context.Context, id event.ID) error {
	at, err := music.Albums.Get(ctx, st.server, id)
	if err != nil {
		return err
	}
	for _, album := range st.live.Items().All() {
		if album.ID() == id {
			fmt.Fprintln(st.out, "  client:", describe(album))
			fmt.Fprintln(st.out, "  server:", describe(at))
		}
	}
	return nil
}

func describe(a music.AlbumView) string {
	label, _ := a.Label()
	return fmt.Sprintf("%s, %d, %s, %s", a.Name(), a.Year(), a.Genre(), label)
}

// refused: the client does not know the server's rule. It shows its own change
// at once, and takes it back when the server refuses it.
func (st *stage) refused(ctx context.Context) error {
	fmt.Fprintln(st.out, "\n== grace adds an album that the server's rule refuses")
	tx := st.client.Begin()
	album, err := music.Albums.Create(tx, music.Album{Name: "Future Sounds", Year: 19990})
	if err != nil {
		return err
	}
	receipt, err := tx.Commit(ctx)
	if err != nil {
		return err
	}
	st.follow(album.ID())
	receipt, err = st.client.Node().Receipt(ctx, receipt.Transaction)
	if err != nil {
		return err
	}
	fmt.Fprintf(st.out, "  %s: %v\n", receipt.Status, receipt.Reason)
	return nil
}

// past shows the history of an album, and what it was before.
func (st *stage) past(ctx context.Context) error {
	fmt.Fprintln(st.out, "\n== the history of Tutu")
	tutu, err := st.watched("Tutu")
	if err != nil {
		return err
	}
	var written time.Time
	n := 0
	for version, err := range music.Albums.History(ctx, st.server, tutu.ID()) {
		if err != nil {
			return err
		}
		if n < 3 {
			fmt.Fprintf(st.out, "  %-6s made it %s\n", version.Author, describe(version.View))
		}
		if n == 1 {
			written = version.Event.ID.Time()
		}
		n++
	}
	if n < 3 {
		return errors.New("the history is too short")
	}
	then := st.server.AsOf(written.Add(-time.Millisecond))
	was, err := music.Albums.Get(ctx, then, tutu.ID())
	if err != nil {
		return err
	}
	fmt.Fprintln(st.out, "  before ada's first change it was", describe(was))
	return nil
}

// phase waits until the live query is in a phase.
func (st *stage) phase(ctx context.Context, want entity.Phase) error {
	for st.live.State().Phase != want {
		if _, ok := st.next(); !ok {
			return fmt.Errorf("the live query ended: %w", st.live.Err())
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until what the client has written is decided, and until it shows
// what the server has.
func (st *stage) settle(ctx context.Context) error {
	client := st.client.Node()
	for entry, err := range client.Ledger(ctx) {
		if err != nil {
			return err
		}
		if entry.Status != node.Pending {
			continue
		}
		if _, err := client.Receipt(ctx, entry.Transaction); err != nil {
			return err
		}
	}
	for {
		fresh, err := music.Albums.Collect(ctx, st.server, "year > 1985 ORDER BY year, name")
		if err != nil {
			return err
		}
		if st.live.State().Phase == entity.Complete && sameAlbums(fresh, st.live.Items().Slice()) {
			return nil
		}
		if _, ok := st.next(); !ok {
			return fmt.Errorf("the live query ended: %w", st.live.Err())
		}
	}
}

// sameAlbums compares what two nodes show: the same albums, by the same events.
func sameAlbums(a, b []music.AlbumView) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID() != b[i].ID() || !a[i].Head().Equal(b[i].Head()) {
			return false
		}
	}
	return true
}
