package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	var o options
	flag.StringVar(&o.role, "role", "", "what this process is: server or client; empty: the one that starts the others")
	flag.StringVar(&o.dir, "dir", "", "folder of the stores; a new one if empty")
	flag.StringVar(&o.address, "address", "127.0.0.1:0", "where the server listens")
	flag.StringVar(&o.name, "name", "", "who the client is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "offline:", err)
		os.Exit(1)
	}
}

type options struct{ role, dir, address, name string }

func (o *options) run(ctx context.Context) error {
	switch o.role {
	case "server":
		return serve(ctx, o.dir, o.address, os.Stdin, os.Stdout)
	case "client":
		return work(ctx, o.dir, o.address, o.name, os.Stdin, os.Stdout)
	case "":
		program, err := os.Executable()
		if err != nil {
			return err
		}
		return start(ctx, program, o.dir, os.Stdout)
	}
	return fmt.Errorf("there is no role %q", o.role)
}

// start plays in a new folder if none is named.
func start(ctx context.Context, program, dir string, out io.Writer) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "ank-offline-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	return play(ctx, program, dir, out)
}
