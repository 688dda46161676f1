package program

import (
	"errors"
	"flag"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/ankgo/ank/storage/engines"
)

// settings are what the flags of ank serve say.
type settings struct {
	listen, store        string
	drain                time.Duration
	connections          int
	tokens               string
	jwtKeys              list
	jwtIssuer, jwtAud    string
	cert, key            string
	access               string
	allowAll             bool
	origins              list
	anonymous, plaintext bool
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	*l = append(*l, text)
	return nil
}

func parse(args []string, log io.Writer) (*settings, error) {
	s := new(settings)
	f := flag.NewFlagSet("ank serve", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&s.listen, "listen", "127.0.0.1:7265", "the `address` to listen at; port 0 takes a free one")
	f.StringVar(&s.store, "store", "", "the `store`: "+engines.Names)
	f.DurationVar(&s.drain, "drain", 10*time.Second, "how long it may take to end")
	f.IntVar(&s.connections, "connections", 0, "how many connections there may be at a time; 0: 16384, or half as many as the process may have open files, if those are fewer")
	f.StringVar(&s.tokens, "tokens", "", "a `file` of principals and their secret tokens")
	f.Var(&s.jwtKeys, "jwt-key", "a PEM `file` of a public key that signs JSON Web Tokens, or KID=FILE")
	f.StringVar(&s.jwtIssuer, "jwt-issuer", "", "what iss of a JSON Web Token has to be")
	f.StringVar(&s.jwtAud, "jwt-audience", "", "what has to be in aud of a JSON Web Token")
	f.StringVar(&s.cert, "tls-cert", "", "a PEM `file` of the certificate and its chain")
	f.StringVar(&s.key, "tls-key", "", "a PEM `file` of the certificate's private key")
	f.StringVar(&s.access, "access", "", "a JSON `file` of who may read and write which collection")
	f.BoolVar(&s.allowAll, "allow-all", false, "whoever is let in may read and write everything")
	f.Var(&s.origins, "origin", "a `host` whose web pages may connect")
	f.BoolVar(&s.anonymous, "insecure-anonymous", false, `let everybody in, as "anonymous"`)
	f.BoolVar(&s.plaintext, "insecure-plaintext", false, "do without TLS")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, usageError{err}
	}
	if f.NArg() > 0 {
		return nil, usage("%q is no flag", f.Arg(0))
	}
	return s, s.consistent()
}

// consistent checks that flags that need each other came together.
func (s *settings) consistent() error {
	switch {
	case (s.cert == "") != (s.key == ""):
		return usage("-tls-cert and -tls-key need each other")
	case s.tokens != "" && len(s.jwtKeys) > 0:
		return usage("-tokens and -jwt-key exclude each other")
	case len(s.jwtKeys) > 0 && (s.jwtIssuer == "" || s.jwtAud == ""):
		return usage("-jwt-key needs -jwt-issuer and -jwt-audience")
	case len(s.jwtKeys) == 0 && s.jwtIssuer+s.jwtAud != "":
		return usage("-jwt-issuer and -jwt-audience need -jwt-key")
	case s.anonymous && s.authenticated():
		return usage("-insecure-anonymous excludes -tokens and -jwt-key")
	case s.access != "" && s.allowAll:
		return usage("-access and -allow-all exclude each other")
	case s.connections < 0:
		return usage("-connections %d is less than none", s.connections)
	case s.drain <= 0:
		return usage("-drain %v is no time", s.drain)
	}
	return nil
}

func (s *settings) authenticated() bool { return s.tokens != "" || len(s.jwtKeys) > 0 }

// protected checks that an address that others can reach is protected.
func (s *settings) protected(hasPolicy bool) error {
	local, err := isLocal(s.listen)
	if err != nil || local {
		return err
	}
	missing := func(what string) error {
		return usage("-listen %s can be reached from other machines, and %s", s.listen, what)
	}
	switch {
	case !s.authenticated() && !s.anonymous:
		return missing("nobody is asked who they are: give -tokens or -jwt-key, or say -insecure-anonymous")
	case s.cert == "" && !s.plaintext:
		return missing("there is no TLS: give -tls-cert and -tls-key, or say -insecure-plaintext")
	case s.access == "" && !s.allowAll && !hasPolicy:
		return missing("nothing says who may do what: give -access, or say -allow-all")
	}
	return nil
}

// isLocal reports whether only this machine can reach an address.
func isLocal(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, usageError{err}
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback(), nil
}
