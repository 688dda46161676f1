package node_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// Waiting for the verdict, seeing what is pending, and doing something about what was
// refused.
func ExampleSession_Resubmit() {
	ctx := context.Background()
	server, closeServer := openExample(node.Hooks(func(_ context.Context, a *node.Acceptance) error {
		for _, c := range a.Changes {
			if album := (AlbumView{c.After}); album.Year() > 2100 {
				return fmt.Errorf("nobody has heard an album of %d", album.Year())
			}
		}
		return nil
	}))
	defer closeServer()
	client, closeClient := openExample(node.Ephemeral())
	defer closeClient()
	session := client.Session("grace")
	add := func(name string, year int, options ...node.CommitOption) (event.ID, node.Receipt, error) {
		tx := session.Begin()
		album, err := albums.Create(tx, Album{Name: name, Year: year})
		if err != nil {
			log.Fatal(err)
		}
		receipt, err := tx.Commit(ctx, options...)
		return album.ID(), receipt, err
	}

	// Not connected: what is shown says what is not accepted yet.
	id, _, _ := add("Parade", 1986)
	_, mistake, _ := add("Praade", 1986)
	album, _ := albums.Get(ctx, session.Local(), id)
	fmt.Println(album.Name(), "pending:", len(album.Pending()))

	// What was not delivered can be taken back.
	gone, err := client.Discard(ctx, mistake.Transaction)
	fmt.Println("discarded:", len(gone), err)

	// Connected: Commit can wait until the server has decided.
	link := pipe.NewLink(func(c wire.Conn) { go server.Serve(ctx, c, "grace") })
	if _, err := client.Connect(link.Dial); err != nil {
		log.Fatal(err)
	}
	id, receipt, err := add("Lovesexy", 19880, node.UntilAccepted())
	fmt.Println(receipt.Status, errors.Is(err, node.ErrDenied))

	// It stays in the ledger until somebody decides: here, to correct it.
	tx, err := session.Resubmit(ctx, receipt.Transaction)
	if err != nil {
		log.Fatal(err)
	}
	edit, err := albums.Edit(ctx, tx, id)
	if err != nil {
		log.Fatal(err)
	}
	edit.SetYear(1988)
	corrected, err := tx.Commit(ctx, node.UntilAccepted())
	fmt.Println(corrected.Status, err)
	receipt, err = client.Receipt(ctx, receipt.Transaction)
	fmt.Println(receipt.Status, receipt.By == corrected.Transaction, err)

	// Who leaves makes sure that nothing is left behind.
	left, err := session.Flush(ctx)
	fmt.Println("undelivered:", left, err)
	// Output:
	// Parade pending: 1
	// discarded: 1 <nil>
	// rejected true
	// accepted <nil>
	// superseded true <nil>
	// undelivered: 0 <nil>
}
