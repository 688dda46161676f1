//go:build !js

package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// A server that knows its clients by tokens, and a client.
func ExampleHandler() {
	ctx := context.Background()
	open := func(options ...node.Option) *node.Node {
		engine, err := memory.Open()
		if err != nil {
			log.Fatal(err)
		}
		n, err := node.Open(ctx, engine, append(options, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))...)
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	token := auth.NewToken()
	known, err := auth.NewTokens(map[string]node.Principal{token: "grace"})
	if err != nil {
		log.Fatal(err)
	}
	server := open(node.WithAuthenticator(known))
	defer server.Close(ctx)
	mux := http.NewServeMux()
	mux.Handle("/sync", &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) {
		if err := server.ServeStranger(ctx, c); err != nil {
			log.Print(err)
		}
	}})
	host := httptest.NewServer(mux) // or http.ListenAndServeTLS
	defer host.Close()

	client := open(node.Ephemeral())
	defer client.Close(ctx)
	_, err = client.Connect(websocket.Dialer(host.URL+"/sync"), node.WithCredentials(
		func(context.Context, node.Principal) ([]byte, error) { return []byte(token), nil }))
	if err != nil {
		log.Fatal(err)
	}
	tx := client.Session("grace").Begin()
	if _, err := music.Albums.Create(tx, music.Album{Name: "Parade", Year: 1986}); err != nil {
		log.Fatal(err)
	}
	receipt, err := tx.Commit(ctx)
	if err != nil {
		log.Fatal(err)
	}
	receipt, err = client.Receipt(ctx, receipt.Transaction)
	fmt.Println(receipt.Status, err)
	// Output:
	// accepted <nil>
}
