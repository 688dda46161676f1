// The program of TestPage: it talks to an echo from inside Node.js.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, nobody string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := echo(ctx, server); err != nil {
		return err
	}
	for _, c := range []struct{ what, url string }{
		{"nobody there", nobody},
		{"no URL", "nonsense"},
		{"no node", server + "/plain"},
	} {
		_, err := websocket.Dialer(c.url)(ctx)
		fmt.Println(c.what, "is an error:", err != nil)
	}
	for _, path := range []string{"/text", "/bye", "/gone"} {
		c, err := websocket.Dialer(server + path)(ctx)
		if err != nil {
			return err
		}
		_, err = c.Receive(ctx)
		fmt.Println(path, "ends with:", err)
		fmt.Println("and sending fails:", c.Send(ctx, make([]byte, wire.FullFrame)) != nil)
	}
	return silence(ctx, server)
}

// echo has messages of all sizes come back.
func echo(ctx context.Context, server string) error {
	c, err := websocket.Dialer(server + "/echo")(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var sent [][]byte
	for i, n := range []int{1, 10, 1000, wire.FullFrame, 1 << 20, wire.MaxMessage, 5} {
		sent = append(sent, bytes.Repeat([]byte{byte(i)}, n))
	}
	go func() {
		for _, m := range sent {
			if err := c.Send(ctx, m); err != nil {
				fmt.Println("sending:", err)
			}
		}
		if err := c.(wire.Flusher).Flush(ctx); err != nil {
			fmt.Println("flushing:", err)
		}
	}()
	for i, want := range sent {
		got, err := c.Receive(ctx)
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if !bytes.Equal(want, got) {
			return fmt.Errorf("message %d: %d bytes, want %d", i, len(got), len(want))
		}
	}
	fmt.Println(len(sent), "messages came back")
	return nil
}

// silence is ended by a context.
func silence(ctx context.Context, server string) error {
	c, err := websocket.Dialer(server + "/echo")(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err = c.Receive(ctx)
	fmt.Println("silence ends with:", err)
	return nil
}
