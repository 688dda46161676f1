package node_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/storage/memory"
)

// Two nodes of one system exchange their logs, and a third one gets them in a file.
func ExampleNode_Replicate() {
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
	paris := open()
	defer paris.Close(ctx)
	// The first node has made the system. Others join it, and are certified.
	join := func() *node.Node {
		n := open(node.JoinSystem(paris.System()))
		certificate, err := paris.Certify(n.Origin())
		if err != nil {
			log.Fatal(err)
		}
		if err := n.Enrol(ctx, certificate); err != nil {
			log.Fatal(err)
		}
		return n
	}
	lyon, nice := join(), join()
	defer lyon.Close(ctx)
	defer nice.Close(ctx)
	for _, n := range []*node.Node{paris, lyon} {
		tx := n.Session("grace").Begin()
		if _, err := albums.Create(tx, Album{Name: "Parade", Year: 1986}); err != nil {
			log.Fatal(err)
		}
		if _, err := tx.Commit(ctx); err != nil {
			log.Fatal(err)
		}
	}

	near, far := pipe.New()
	go func() { _ = lyon.Replicate(ctx, far, node.Once()) }()
	if err := paris.Replicate(ctx, near, node.Once()); err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := paris.Export(ctx, &file, event.Cursor{}); err != nil {
		log.Fatal(err)
	}
	entries, err := nice.Import(ctx, &file)
	if err != nil {
		log.Fatal(err)
	}
	list, err := albums.Collect(ctx, nice.Session("grace"), "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entries, "entries,", len(list), "albums")
	// Output: 2 entries, 2 albums
}
