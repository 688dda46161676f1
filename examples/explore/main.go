package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/explore/unicode"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
)

func main() {
	dir := flag.String("dir", "", "folder to keep the store in; in memory if empty")
	script := flag.String("script", "", "file of commands to run instead of asking")
	flag.Parse()
	if err := start(context.Background(), *dir, *script); err != nil {
		fmt.Fprintln(os.Stderr, "explore:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, dir, script string) error {
	if script == "" {
		fmt.Println("Characters of Unicode. Type a query, or help.")
		return run(ctx, os.Stdin, os.Stdout, dir, false)
	}
	f, err := os.Open(script)
	if err != nil {
		return err
	}
	defer f.Close()
	return run(ctx, f, os.Stdout, dir, true)
}

// run opens a node, fills it if it is empty, and takes commands until there are no
// more. With echo, commands are printed, as they would stand on the screen.
func run(ctx context.Context, in io.Reader, out io.Writer, dir string, echo bool) (err error) {
	engine, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	n, err := node.Open(ctx, engine, node.Models(unicode.Models()...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close(ctx)) }()

	sh := &shell{session: n.Session("you"), out: out, deleted: map[int64]event.ID{}}
	defer sh.close()
	if err := sh.load(ctx); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for prompt(out); lines.Scan(); prompt(out) {
		if echo {
			fmt.Fprintln(out, lines.Text())
		}
		if !sh.do(ctx, lines.Text()) {
			return nil
		}
	}
	fmt.Fprintln(out)
	return lines.Err()
}

func prompt(out io.Writer) { fmt.Fprint(out, "> ") }

func open(ctx context.Context, dir string) (storage.Engine, error) {
	if dir == "" {
		return memory.Open()
	}
	return pebble.Open(ctx, dir, pebble.Options{})
}
