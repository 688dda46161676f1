package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/node/wire"
)

const (
	maxGrants   = 256 // credentials in force on one connection
	maxRefusals = 8   // of credentials on one connection
	authTimeout = 10 * time.Second

	strangerTimeout = time.Minute // without a credential in force, before the connection ends
)

var (
	errExpired = &RefusedError{Code: wire.CodeCredential, Text: "the credential has expired"}
	errRevoked = &RefusedError{Code: wire.CodeCredential, Text: "the credential was revoked"}
	errNobody  = &RefusedError{Code: wire.CodeCredential, Text: "no credential has been in force for a minute"}
	errLapsed  = &RefusedError{Code: wire.CodeCredential, Text: "the credential is not in force"}
)

// grant is on whose behalf a peer may ask.
type grant struct {
	number  uint64 // of the Authenticate, 0 for whoever the connection was opened for
	session *Session
	expiry  *time.Timer // nil: never
}

// sessionOf is on whose behalf a request is made.
func (s *server) sessionOf(as uint64) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[as]
	switch {
	case g != nil:
		return g.session, nil
	case as == 0:
		return nil, &RefusedError{Code: wire.CodeCredential, Text: "a credential is needed"}
	}
	return nil, errLapsed
}

// authenticate finds out whose credential it is that a peer shows.
func (s *server) authenticate(ctx context.Context, m *wire.Authenticate) error {
	who, err := s.identify(ctx, m)
	if err == nil {
		err = s.grant(ctx, m, who)
	}
	if err != nil {
		return err
	}
	answer := &wire.Authenticated{Request: m.Request, Principal: string(who.Principal)}
	if !who.Expires.IsZero() {
		answer.Expires = who.Expires.UnixMicro()
	}
	return s.tell(ctx, answer)
}

// identify asks the authenticator. The peer is not told what was wrong, and may not
// try often.
func (s *server) identify(ctx context.Context, m *wire.Authenticate) (Identity, error) {
	if s.authenticator == nil {
		return Identity{}, &RefusedError{Code: wire.CodeCredential, Text: "no credentials are accepted here"}
	}
	asking, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	who, err := s.authenticator.Authenticate(asking, m.Credential)
	if err == nil {
		err = who.Principal.check()
	}
	switch {
	case err == nil && m.Principal != "" && Principal(m.Principal) != who.Principal:
		err = fmt.Errorf("it is %q's, and was shown as %q's", string(who.Principal), m.Principal)
	case err == nil && !who.Expires.IsZero() && !who.Expires.After(s.clock.Now()):
		err = errors.New("it has expired")
	}
	if err == nil {
		return who, nil
	}
	if ctx.Err() != nil {
		return Identity{}, context.Cause(ctx)
	}
	s.logger.Info("a credential was refused", "error", err)
	refused := &RefusedError{Code: wire.CodeCredential, Text: "the credential is not accepted"}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusals++; s.refusals > maxRefusals {
		s.cancel(refused)
	}
	return Identity{}, refused
}

// grant lets the peer ask on behalf of somebody, or for longer than before.
func (s *server) grant(ctx context.Context, m *wire.Authenticate, who Identity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[m.Renews]
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case m.Renews != 0 && (g == nil || g.session.principal != who.Principal):
		return &RefusedError{Code: wire.CodeCredential, Text: "there is no such credential of the same principal to be renewed"}
	case m.Renews == 0 && len(s.grants) >= maxGrants:
		return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf("%d credentials at a time", maxGrants)}
	case m.Renews == 0:
		g = &grant{number: m.Request, session: s.Session(who.Principal)}
		s.grants[g.number] = g
	case g.expiry != nil:
		g.expiry.Stop()
		g.expiry = nil
	}
	if s.nobody != nil {
		s.nobody.Stop()
	}
	if !who.Expires.IsZero() {
		g.expiry = time.AfterFunc(who.Expires.Sub(s.clock.Now()), func() { s.revoke(g, errExpired) })
	}
	return nil
}

// revoke ends what a peer does on behalf of somebody, and tells it why.
func (s *server) revoke(g *grant, why *RefusedError) {
	s.endGrant(g, func(request uint64) {
		_ = s.tell(s.ctx, s.failure(request, why)) // if not, the connection has ended
	})
}

// resign ends what a peer does on behalf of somebody, because it said so.
func (s *server) resign(number uint64) {
	s.mu.Lock()
	g := s.grants[number]
	s.mu.Unlock()
	if g != nil && number != 0 {
		s.endGrant(g, func(uint64) {})
	}
}

// endGrant takes a grant back, and tells of every request that ends with it.
func (s *server) endGrant(g *grant, told func(request uint64)) {
	s.mu.Lock()
	if s.grants[g.number] != g || s.ctx.Err() != nil {
		s.mu.Unlock()
		return
	}
	delete(s.grants, g.number)
	if g.expiry != nil {
		g.expiry.Stop()
	}
	if len(s.grants) == 0 {
		s.nobody.Reset(strangerTimeout)
	}
	var ended []*subscription
	for _, sub := range s.subscriptions {
		if sub.question.As == g.number {
			ended = append(ended, sub)
		}
	}
	s.workers.Add(1) // release, which waits, comes after the context has ended
	s.mu.Unlock()
	defer s.workers.Done()
	told(g.number) // first: who hears of a live query alone asks for it again at once
	for _, sub := range ended {
		s.drop(sub)
		told(sub.question.Request)
	}
}

// endGrants stops the clocks of credentials. The connection has ended.
func (s *server) endGrants() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.expiry != nil {
			g.expiry.Stop()
		}
	}
	if s.nobody != nil {
		s.nobody.Stop()
	}
}

// expectCredential ends the connection of a peer on whose behalf nobody speaks for long: it
// has a place that others may want.
func (s *server) expectCredential() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.grants) > 0 { // whoever the connection was opened for stays
		return
	}
	s.nobody = time.AfterFunc(strangerTimeout, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.grants) == 0 {
			s.cancel(errNobody)
		}
	})
}

// Revoke ends what peers do on behalf of a principal by virtue of credentials that
// they have shown: their live queries end with the reason. It returns how many
// credentials that were. Whether they, or others, are accepted from then on is up to
// the [Authenticator].
func (n *Node) Revoke(p Principal) int {
	count := 0
	for _, s := range n.visits.all() {
		for _, g := range s.grantsOf(p) {
			s.revoke(g, errRevoked)
			count++
		}
	}
	return count
}

func (s *server) grantsOf(p Principal) (list []*grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.number != 0 && g.session.principal == p {
			list = append(list, g)
		}
	}
	return list
}
