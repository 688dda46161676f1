package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/pebble"
)

// users are those who have tokens, in the order of ANK_TOKENS.
var users = [...]node.Principal{"ada", "grace"}

// tokens are the secrets that the main program has made.
func tokens() (map[string]node.Principal, error) {
	list := strings.Split(os.Getenv("ANK_TOKENS"), ",")
	if len(list) != len(users) {
		return nil, errors.New("ANK_TOKENS must have a token for each user")
	}
	owners := make(map[string]node.Principal)
	for i, token := range list {
		owners[token] = users[i]
	}
	return owners, nil
}

// serve is a server: a durable node behind a WebSocket.
func serve(ctx context.Context, dir, address string, in io.Reader, out io.Writer) (err error) {
	owners, err := tokens()
	if err != nil {
		return err
	}
	known, err := auth.NewTokens(owners)
	if err != nil {
		return err
	}
	engine, err := pebble.Open(ctx, dir, pebble.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	n, err := node.Open(ctx, engine, node.Models(music.Models()...), node.WithAuthenticator(known),
		node.Hooks(noPrehistory), node.WithPolicy(auth.Lists{
			music.Albums.Schema().Collection(): {Read: []node.Principal{auth.Everybody}, Write: users[:]},
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(ctx)) }()

	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) {
		_ = n.ServeStranger(ctx, c) // whatever ended it, the client comes back
	}}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer func() {
		err = errors.Join(err, server.Close())
		<-ended
	}()
	fmt.Fprintf(out, "%s\n.\n", listener.Addr())
	return converse(in, out, func(string, string) ([]string, error) {
		return list(ctx, n.Session("server"))
	})
}

// noPrehistory is a rule of the server's.
func noPrehistory(_ context.Context, a *node.Acceptance) error {
	for _, change := range a.Changes {
		if change.Schema != music.Albums.Schema() {
			continue
		}
		if album := (music.AlbumView{View: change.After}); album.Year() < 1877 {
			return fmt.Errorf("nobody recorded %q in %d", album.Name(), album.Year())
		}
	}
	return nil
}

// list says what albums there are.
func list(ctx context.Context, s *node.Session) ([]string, error) {
	albums, err := music.Albums.Collect(ctx, s, "ORDER BY year, name")
	if err != nil {
		return nil, err
	}
	return lines(albums), nil
}

func lines(albums []music.AlbumView) []string {
	text := make([]string, len(albums))
	for i, a := range albums {
		label, ok := a.Label()
		if !ok {
			label = "no label"
		}
		text[i] = fmt.Sprintf("%d %s, %s", a.Year(), a.Name(), label)
	}
	return text
}
