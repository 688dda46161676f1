package node_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage/memory"
)

// openExample opens a node over memory. A program checks its errors, and closes
// first the node and then the engine.
func openExample(options ...node.Option) (*node.Node, func()) {
	ctx := context.Background()
	engine, err := memory.Open()
	if err != nil {
		panic(err)
	}
	n, err := node.Open(ctx, engine, append([]node.Option{
		node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()),
	}, options...)...)
	if err != nil {
		panic(err)
	}
	return n, func() {
		if err := errors.Join(n.Close(ctx), engine.Close()); err != nil {
			panic(err)
		}
	}
}

func Example() {
	ctx := context.Background()
	n, closeAll := openExample()
	defer closeAll()

	session := n.Session("prince")
	tx := session.Begin()
	album, err := albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: 1986})
	if err != nil {
		fmt.Println(err)
	}
	receipt, err := tx.Commit(ctx)
	fmt.Println(receipt.Status, receipt.Position.Seq, err)

	view, err := albums.Get(ctx, session, album.ID())
	fmt.Println(view.Name(), view.Year(), err)
	// Output:
	// accepted 1 <nil>
	// Parade 1986 <nil>
}

func ExampleSession_Update() {
	ctx := context.Background()
	n, closeAll := openExample()
	defer closeAll()
	session := n.Session("prince")
	err := session.Update(ctx, func(tx *node.Tx) error {
		_, err := albums.Create(tx, Album{Name: "1999", Year: 1982})
		return err
	})
	fmt.Println(err)
	err = session.Update(ctx, func(tx *node.Tx) error {
		album, err := albums.First(ctx, tx.Serializable(), "name = ?", "1999")
		if err != nil {
			return err
		}
		edit, err := albums.Edit(ctx, tx, album.ID())
		if err != nil {
			return err
		}
		edit.SetYear(album.Year() + 1)
		return nil
	})
	fmt.Println(err)
	album, err := albums.First(ctx, session, "name = '1999'")
	fmt.Println(album.Year(), err)
	// Output:
	// <nil>
	// <nil>
	// 1983 <nil>
}

func ExampleSession_Query() {
	ctx := context.Background()
	n, closeAll := openExample()
	defer closeAll()
	session := n.Session("prince")
	live, err := albums.Query(ctx, session, "year >= ? ORDER BY year LIMIT 2", 1980)
	if err != nil {
		fmt.Println(err)
	}
	defer live.Close()
	for _, album := range []Album{{Name: "1999", Year: 1982}, {Name: "Parade", Year: 1986}, {Name: "Dirty Mind", Year: 1980}} {
		if err := session.Update(ctx, func(tx *node.Tx) error {
			_, err := albums.Create(tx, album)
			return err
		}); err != nil {
			fmt.Println(err)
		}
		fmt.Println(live.Items().Len(), live.Items().At(0).Name())
	}
	for changes := range live.Changes(ctx) {
		for _, c := range changes.Changes {
			fmt.Println(c.Kind, c.Item.Name())
		}
		break
	}
	// Output:
	// 1 1999
	// 2 1999
	// 2 Dirty Mind
	// initial Dirty Mind
	// initial 1999
}

// A list that shows one page at a time, and whoever watches it.
func ExampleSession_Query_pages() {
	ctx := context.Background()
	n, closeAll := openExample()
	defer closeAll()
	session := n.Session("prince")
	for _, name := range []string{"Batman", "Camille", "Dirty Mind", "Lovesexy", "Parade"} {
		if err := session.Update(ctx, func(tx *node.Tx) error {
			_, err := albums.Create(tx, Album{Name: name, Year: 1986})
			return err
		}); err != nil {
			fmt.Println(err)
		}
	}
	live, err := albums.Query(ctx, session, "ORDER BY name LIMIT 2")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer live.Close()
	page := 0
	for changes := range live.Changes(ctx) {
		for _, c := range changes.Changes {
			fmt.Println(c.Kind, c.Item.Name())
		}
		next, err := live.Last()
		if err != nil || page == 2 {
			break
		}
		page++
		fmt.Println("page", page)
		if err := live.After(ctx, next); err != nil {
			fmt.Println(err)
		}
	}
	if err := live.Requery(ctx, "name = ?", "Batman"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(live.Items().At(0).Name())
	// Output:
	// initial Batman
	// initial Camille
	// page 1
	// removed Batman
	// removed Camille
	// added Dirty Mind
	// added Lovesexy
	// page 2
	// removed Dirty Mind
	// removed Lovesexy
	// added Parade
	// Batman
}

func ExampleSession_AsKnown() {
	ctx := context.Background()
	n, closeAll := openExample()
	defer closeAll()
	session := n.Session("prince")
	id, err := createAlbum(ctx, session, 86)
	if err != nil {
		fmt.Println(err)
	}
	then, err := n.Cursor(ctx)
	if err != nil {
		fmt.Println(err)
	}
	if err := updateAlbum(ctx, session, id, 99); err != nil {
		fmt.Println(err)
	}
	now, _ := albums.Get(ctx, session, id)
	known, _ := albums.Get(ctx, session.AsKnown(then), id)
	fmt.Println(now.Year(), known.Year())
	// Output: 1999 1986
}

func ExampleHooks() {
	ctx := context.Background()
	n, closeAll := openExample(node.Hooks(func(_ context.Context, a *node.Acceptance) error {
		for _, c := range a.Changes {
			if c.Schema != albumSchema {
				continue
			}
			album := AlbumView{c.After}
			if album.Artist() != string(a.Principal) {
				return errors.New("albums are changed by their artists")
			}
			if _, err := notes.Create(a.Tx(), Note{Text: album.Artist() + " changed " + album.Name()}); err != nil {
				return err
			}
		}
		return nil
	}))
	defer closeAll()
	for _, who := range []node.Principal{"prince", "madonna"} {
		err := n.Session(who).Update(ctx, func(tx *node.Tx) error {
			_, err := albums.Create(tx, Album{Name: "Parade", Artist: "prince"})
			return err
		})
		fmt.Println(who, errors.Is(err, node.ErrDenied))
	}
	for note, err := range notes.Fetch(ctx, n.Session("auditor"), "") {
		fmt.Println(note.Text(), err)
	}
	// Output:
	// prince false
	// madonna true
	// prince changed Parade <nil>
}
