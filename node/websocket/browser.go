//go:build js

package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"syscall/js"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// What may wait on both sides of a host's WebSocket, which knows no other bounds, in bytes.
const (
	maxUnsent = 1 << 20           // before a sender waits
	maxUnread = 4 * wire.MaxFrame // before the connection is given up
)

// unsentPause is how long a sender waits before it looks again: a host does not say when it has sent.
const unsentPause = 5 * time.Millisecond

// Dialer returns a function for node.Connect that dials a URL: ws:// or wss://.
func Dialer(url string) func(ctx context.Context) (wire.Conn, error) {
	return func(ctx context.Context) (wire.Conn, error) {
		p, err := open(url)
		if err != nil {
			return nil, err
		}
		select {
		case <-p.opened:
			return &conn{socket: p}, nil
		case <-p.ended:
			err = fmt.Errorf("dialling %s: %w", url, p.cause)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		_ = p.close() // there is a better error to return
		return nil, err
	}
}

// page is a socket of the host's.
type page struct {
	socket js.Value
	funcs  []js.Func

	opened chan struct{}
	ended  chan struct{}
	cause  error // valid when ended is closed
	once   sync.Once

	mu     sync.Mutex
	unread [][]byte
	bytes  int
	news   chan struct{} // of unread
}

// open makes a WebSocket. A host throws at a URL that is none.
func open(url string) (p *page, err error) {
	maker := js.Global().Get("WebSocket")
	if maker.Type() != js.TypeFunction {
		return nil, errors.New("websocket: this host has none")
	}
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case js.Error:
			p, err = nil, fmt.Errorf("dialling %s: %s", url, thrown.Get("message").String())
		default:
			panic(thrown)
		}
	}()
	p = &page{opened: make(chan struct{}), ended: make(chan struct{}), news: make(chan struct{}, 1)}
	p.socket = maker.New(url, Protocol)
	p.socket.Set("binaryType", "arraybuffer")
	p.on("open", func(js.Value) { close(p.opened) })
	p.on("message", p.message)
	p.on("close", func(event js.Value) { p.end(farewell(event)) })
	// Not every host has a close after an error.
	p.on("error", func(js.Value) { p.end(errLost) })
	return p, nil
}

// on has f called at an event. Events come one at a time, while no other Go code runs in between.
func (p *page) on(event string, f func(js.Value)) {
	listener := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	p.funcs = append(p.funcs, listener)
	p.socket.Set("on"+event, listener)
}

func (p *page) message(event js.Value) {
	data := event.Get("data")
	if data.Type() == js.TypeString {
		p.end(errors.New("websocket: a message of text"))
		return
	}
	array := js.Global().Get("Uint8Array").New(data)
	message := make([]byte, array.Length())
	js.CopyBytesToGo(message, array)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes += len(message); p.bytes > maxUnread {
		p.end(errors.New("websocket: more comes than is read"))
		return
	}
	p.unread = append(p.unread, message)
	signal(p.news)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// farewell is why a host closed a WebSocket. It says little, so that pages do not learn of a network.
func farewell(event js.Value) error {
	code := event.Get("code").Int()
	if code == 1000 || code == 1001 { // normal; going away
		return io.EOF
	}
	if code == 1006 { // not a code of the peer's
		return errLost
	}
	return errors.New("websocket: closed by the peer with code " + strconv.Itoa(code))
}

var errLost = errors.New("websocket: the connection was lost or not made")

// end notes why there is no more, and lets go of the host.
func (p *page) end(cause error) {
	p.once.Do(func() {
		p.cause = cause
		for _, name := range []string{"onopen", "onmessage", "onclose", "onerror"} {
			p.socket.Set(name, js.Null())
		}
		for _, f := range p.funcs {
			f.Release()
		}
		p.socket.Call("close")
		close(p.ended)
	})
}

func (p *page) write(ctx context.Context, message []byte) error {
	for p.socket.Get("bufferedAmount").Int() > maxUnsent {
		t := time.NewTimer(unsentPause)
		select {
		case <-t.C:
		case <-p.ended:
			t.Stop()
			return p.cause
		case <-ctx.Done():
			t.Stop()
			p.end(context.Cause(ctx))
			return context.Cause(ctx)
		}
	}
	select {
	case <-p.ended:
		return p.cause
	default:
	}
	array := js.Global().Get("Uint8Array").New(len(message))
	js.CopyBytesToJS(array, message)
	p.socket.Call("send", array)
	return nil
}

func (p *page) read(ctx context.Context) ([]byte, error) {
	for {
		if m := p.take(); m != nil {
			return m, nil
		}
		select {
		case <-p.news:
		case <-p.ended:
			if m := p.take(); m != nil {
				return m, nil
			}
			return nil, p.cause
		case <-ctx.Done():
			p.end(context.Cause(ctx))
			return nil, context.Cause(ctx)
		}
	}
}

func (p *page) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unread) == 0 {
		return nil
	}
	first := p.unread[0]
	p.unread[0] = nil
	p.unread = p.unread[1:]
	p.bytes -= len(first)
	return first
}

func (p *page) close() error {
	p.end(io.ErrClosedPipe)
	return nil
}
