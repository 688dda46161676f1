package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/engines"
)

func main() {
	dir := flag.String("dir", "", "folder of the server's store; a new one if empty")
	store := flag.String("store", "", "the server's store, in place of -dir: "+engines.Names)
	flag.Parse()
	if *store == "" && *dir != "" {
		*store = "pebble:" + *dir
	}
	if err := start(context.Background(), os.Stdout, *store); err != nil {
		fmt.Fprintln(os.Stderr, "albums:", err)
		os.Exit(1)
	}
}

// start finds a folder if no store is named, and runs the example.
func start(ctx context.Context, out io.Writer, store string) error {
	if store == "" {
		made, err := os.MkdirTemp("", "ank-albums-")
		if err != nil {
			return err
		}
		store = "pebble:" + made
	}
	fmt.Fprintf(out, "the store is %s\n", engines.Public(store))
	return run(ctx, out, store)
}

// run is the example.
func run(ctx context.Context, out io.Writer, store string) (err error) {
	s, err := openServer(ctx, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.fill(ctx, out); err != nil {
		return err
	}
	if err := meet(ctx, out, s); err != nil {
		return err
	}

	// Close, open again: it is all still there, and equal to a fold of the log.
	if err := s.close(ctx); err != nil {
		return err
	}
	if s, err = openServer(ctx, store); err != nil {
		return err
	}
	fmt.Fprintln(out, "\n== closed and opened again")
	if err := s.check(ctx, out); err != nil {
		return err
	}
	fmt.Fprintln(out, "albums: ok")
	return nil
}

// server is a durable node and the engine below it.
type server struct {
	engine storage.Engine
	node   *node.Node
	closed bool
}

func openServer(ctx context.Context, store string) (*server, error) {
	engine, err := engines.Open(ctx, store)
	if err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, engine,
		node.Models(music.Models()...),
		node.WithPolicy(node.AllowAll()), // all code in this process is trusted alike
		node.Hooks(noAlbumToCome),
	)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return &server{engine: engine, node: n}, nil
}

// lastYear is beyond what anybody can have heard.
const lastYear = 2100

// noAlbumToCome is a rule of the server's: clients do not know it.
func noAlbumToCome(_ context.Context, a *node.Acceptance) error {
	for _, change := range a.Changes {
		if change.Schema != music.Albums.Schema() {
			continue
		}
		if album := (music.AlbumView{View: change.After}); album.Year() > lastYear {
			return fmt.Errorf("%q: nobody has heard an album of %d", album.Name(), album.Year())
		}
	}
	return nil
}

// close closes the node, then what it stood on. A second call does nothing.
func (s *server) close(ctx context.Context) error {
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.node.Close(ctx), s.engine.Close())
}

// fill loads the albums into an empty store; a store from an earlier run is
// compared with a fold of its log instead.
func (s *server) fill(ctx context.Context, out io.Writer) error {
	session := s.node.Session("loader")
	count, err := music.Albums.Count(ctx, session, "")
	if err != nil {
		return err
	}
	if count > 0 {
		fmt.Fprintln(out, "\n== a store from an earlier run")
		return s.check(ctx, out)
	}
	albums, err := load(ctx, session)
	if err != nil {
		return err
	}
	artists, err := music.Artists.Count(ctx, session, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n== loaded %d albums by %d artists\n", albums, artists)
	return nil
}

// check prints what the store holds, beside a fold of its log.
func (s *server) check(ctx context.Context, out io.Writer) error {
	folded, stored, err := replay(ctx, s.engine)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "stored:  ", stored)
	fmt.Fprintln(out, "replayed:", folded)
	if folded != stored {
		return errors.New("the store is not what its log says")
	}
	return nil
}
