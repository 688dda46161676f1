package node_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// A client shows what its user does at once, and delivers it when it can.
func ExampleNode_Connect() {
	ctx := context.Background()
	open := func(options ...node.Option) *node.Node {
		engine, err := memory.Open()
		if err != nil {
			log.Fatal(err)
		}
		n, err := node.Open(ctx, engine, append(options, node.Models(albumSchema), node.WithPolicy(node.AllowAll()))...)
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	server, client := open(), open(node.Ephemeral())
	defer server.Close(ctx)
	defer client.Close(ctx)

	session := client.Session("grace")
	live, err := albums.Query(ctx, session, "year > 1980")
	if err != nil {
		log.Fatal(err)
	}
	defer live.Close()
	tx := session.Begin()
	if _, err := albums.Create(tx, Album{Name: "Parade", Year: 1986}); err != nil {
		log.Fatal(err)
	}
	receipt, err := tx.Commit(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(live.State().Phase, live.Items().Len(), receipt.Status)

	link := pipe.NewLink(func(c wire.Conn) { go server.Serve(ctx, c, "grace") })
	if _, err := client.Connect(link.Dial); err != nil {
		log.Fatal(err)
	}
	if receipt, err = client.Receipt(ctx, receipt.Transaction); err != nil {
		log.Fatal(err)
	}
	if err := live.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(live.State().Phase, live.Items().Len(), receipt.Status)
	// Output:
	// local 1 pending
	// complete 1 accepted
}
