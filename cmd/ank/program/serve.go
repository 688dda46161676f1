package program

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/engines"
)

// What a request may cost before it has become a WebSocket, which has bounds of its own.
const (
	requestTimeout = 10 * time.Second // to come whole, and again to take the answer
	idleTimeout    = 30 * time.Second // until the next one on the same connection
	maxHeader      = 64 << 10         // bytes
)

// serve is the command ank serve.
func (p Program) serve(ctx context.Context, args []string, out, log io.Writer) (err error) {
	s, err := parse(args, log)
	if err != nil {
		return err
	}
	if err := s.protected(p.Policy != nil); err != nil {
		return err
	}
	n, shut, err := p.openNode(ctx, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	listener, err := s.listener()
	if err != nil {
		return err
	}
	h := &host{node: n, settings: s}
	server := newServer(h.mux(), log)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.announce(out, listener.Addr())
	select {
	case err = <-ended:
		return errors.Join(err, s.end(server, n))
	case <-ctx.Done():
		fmt.Fprintln(out, "ank: ending")
	}
	err = s.end(server, n)
	if refused := <-ended; !errors.Is(refused, http.ErrServerClosed) {
		err = errors.Join(err, refused)
	}
	return err
}

// newServer bounds what those cost who ask for something slowly, or for nothing.
func newServer(handler http.Handler, log io.Writer) *http.Server {
	return &http.Server{
		Handler: handler, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(log, nil), slog.LevelInfo),
		ReadTimeout: requestTimeout, WriteTimeout: 2 * requestTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
}

// openNode opens the store and the node over it. shut closes both.
func (p Program) openNode(ctx context.Context, s *settings, log io.Writer) (n *node.Node, shut func() error, err error) {
	options := append([]node.Option{node.WithLogger(slog.New(slog.NewTextHandler(log, nil)))}, p.Options...)
	if options, err = p.access(s, options); err != nil {
		return nil, nil, err
	}
	if len(p.Models) > 0 {
		options = append(options, node.Models(p.Models...))
	} else {
		options = append(options, node.LearnModels())
	}
	engine, err := open(ctx, s.store)
	if err != nil {
		return nil, nil, err
	}
	if n, err = node.Open(ctx, engine, options...); err != nil {
		return nil, nil, errors.Join(err, engine.Close())
	}
	return n, func() error {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
		defer cancel()
		if err := n.Close(drain); err != nil {
			return err // the store is in use: the end of the process lets go of it
		}
		return engine.Close()
	}, nil
}

// access adds who is let in, and what they may do.
func (p Program) access(s *settings, options []node.Option) ([]node.Option, error) {
	known, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	if known != nil {
		options = append(options, node.WithAuthenticator(known))
	}
	policy := p.Policy
	switch {
	case policy == nil:
		if policy, err = s.policy(); err != nil {
			return nil, err
		}
		if known != nil && s.access == "" && !s.allowAll {
			return nil, usage("nothing says who may do what: give -access, or say -allow-all")
		}
	case s.access != "" || s.allowAll:
		return nil, usage("this program has its own rules: -access and -allow-all are not for it")
	}
	return append(options, node.WithPolicy(policy)), nil
}

// listener listens, with TLS if there is a certificate.
func (s *settings) listener() (net.Listener, error) {
	files, err := openFiles()
	if err != nil {
		return nil, err
	}
	var secured *tls.Config
	if s.cert != "" {
		certificate, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, err
		}
		secured = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}
	}
	plain, err := net.Listen("tcp", s.listen)
	if err != nil {
		return nil, err
	}
	listener := newDoor(plain, places(s.connections, files))
	if secured == nil {
		return listener, nil
	}
	return tls.NewListener(listener, secured), nil
}

// announce says where clients find the server, and what it does not protect.
func (s *settings) announce(out io.Writer, address net.Addr) {
	scheme := "ws"
	if s.cert != "" {
		scheme = "wss"
	}
	fmt.Fprintf(out, "ank: serving %s at %s://%s/ank\n", engines.Public(s.store), scheme, address)
	switch {
	case s.anonymous:
		fmt.Fprintln(out, `ank: everybody is let in, as "anonymous"`)
	case !s.authenticated():
		fmt.Fprintln(out, `ank: everybody on this machine is let in, as "local"`)
	}
}

// end lets nobody in any more, tells those who are there, and waits until what they
// handed over is decided.
func (s *settings) end(server *http.Server, n *node.Node) error {
	drain, cancel := context.WithTimeout(context.Background(), s.drain)
	defer cancel()
	var closed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		closed = n.Close(drain)
	}()
	err := server.Shutdown(drain) // it knows nothing of WebSockets, whose ends Close waits for
	<-done
	return errors.Join(err, closed, server.Close())
}

// host answers requests.
type host struct {
	node     *node.Node
	settings *settings
}

func (h *host) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ank", &websocket.Handler{Serve: h.serve, Origins: h.settings.origins})
	mux.HandleFunc("GET /health", h.health)
	if h.settings.authenticated() || h.settings.anonymous {
		return mux
	}
	return localOnly(mux)
}

// localOnly refuses requests for other hosts than this machine. Web pages may have a name
// that leads here, and would be taken for this server's own.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := (&url.URL{Host: r.Host}).Hostname()
		if local, err := isLocal(net.JoinHostPort(name, "0")); err != nil || !local {
			http.Error(w, "this server is for its own machine", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// health says whether clients are served. Why they are not, the log says: whoever asks
// here may be anybody.
func (h *host) health(w http.ResponseWriter, _ *http.Request) {
	if h.node.Err() != nil {
		http.Error(w, "no more writes are taken", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serve speaks with a client. Whatever ends it, the client comes back if it wants to.
func (h *host) serve(ctx context.Context, c wire.Conn, _ *http.Request) {
	switch {
	case h.settings.authenticated():
		_ = h.node.ServeStranger(ctx, c)
	case h.settings.anonymous:
		_ = h.node.Serve(ctx, c, "anonymous")
	default:
		_ = h.node.Serve(ctx, c, "local")
	}
}
