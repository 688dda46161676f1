package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// handshakeTimeout is how long TLS may take to agree on keys.
const handshakeTimeout = 10 * time.Second

// Dialer returns a function for node.Connect that dials an address, with TLS if there is a
// configuration for it. Networks and addresses are those of [net.Dial].
func Dialer(network, address string, config *tls.Config) func(ctx context.Context) (wire.Conn, error) {
	return func(ctx context.Context) (wire.Conn, error) {
		raw, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if config == nil {
			return New(raw), nil
		}
		secure := tls.Client(raw, named(config, address))
		if err := shake(ctx, secure); err != nil {
			return nil, err
		}
		return New(secure), nil
	}
}

// named is a configuration that says whose certificate is expected, as [tls.Dial] does.
func named(config *tls.Config, address string) *tls.Config {
	if config.ServerName != "" || config.InsecureSkipVerify {
		return config
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	config = config.Clone()
	config.ServerName = host
	return config
}

// shake agrees on keys, or closes the connection.
func shake(ctx context.Context, c *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		_ = c.Close() // there is a better error to return
		return fmt.Errorf("stream: TLS with %v: %w", c.RemoteAddr(), err)
	}
	return nil
}

// Serve accepts connections and calls serve with each, on a goroutine of its own, until ctx is done or
// the listener is closed. It then closes the listener, ends the context of every call of serve, waits
// until they have returned, and returns nil, or why no more connections can be accepted. serve
// closes its connection.
//
// A listener of TLS must be one of [tls.NewListener]: connections whose handshake fails, or takes longer
// than ten seconds, are closed without a word. The context given to serve knows the peer's
// certificates: see [Peer].
func Serve(ctx context.Context, l net.Listener, serve func(ctx context.Context, c wire.Conn)) error {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept tells
	defer stop()
	var pause time.Duration
	for {
		raw, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			calls.Go(func() { receive(ctx, raw, serve) })
		case ctx.Err() != nil, errors.Is(err, net.ErrClosed):
			return nil
		case !passing(err):
			_ = l.Close() // there is a better error to return
			return err
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			wait(ctx, pause)
		}
	}
}

// passing reports whether accepting may work again later: the process has too many files open, or a
// peer was gone before it was accepted.
func passing(err error) bool {
	var ne net.Error
	//lint:ignore SA1019 there is no other way to tell, and net/http does the same
	return errors.As(err, &ne) && ne.Temporary()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func receive(ctx context.Context, raw net.Conn, serve func(ctx context.Context, c wire.Conn)) {
	if secure, ok := raw.(*tls.Conn); ok {
		if shake(ctx, secure) != nil {
			return
		}
		ctx = context.WithValue(ctx, peerKey{}, secure.ConnectionState())
	}
	serve(ctx, New(raw))
}

type peerKey struct{}

// Peer returns what TLS knows of the peer of a connection, from the context that [Serve] gave with it;
// ok is false if it came without TLS.
func Peer(ctx context.Context) (state tls.ConnectionState, ok bool) {
	state, ok = ctx.Value(peerKey{}).(tls.ConnectionState)
	return state, ok
}
