package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// The keys under which a node keeps what it is in its engine's Meta map. Keys
// that begin with "node/" are the node's.
const (
	metaKey         = "node/key"         // the origin's private key
	metaSystem      = "node/system"      // the system's public root key
	metaRoot        = "node/root"        // the system's private root key, if it was made here
	metaCertificate = "node/certificate" // the system's statement about the origin
	metaMark        = "node/mark"        // see mark
)

// identity is who a durable node is.
type identity struct {
	key         event.PrivateKey
	system      event.System
	root        event.PrivateKey  // zero: not held here
	certificate event.Certificate // zero: not certified yet
}

func (i *identity) certified() bool { return !i.certificate.System.IsZero() }

// establish reads who the node is from its store, makes what is missing, and
// checks it against what it was asked to be. It writes only what is new, and
// nothing if the store turns out to be another system's.
func establish(ctx context.Context, engine storage.Engine, o *options) (*identity, error) {
	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	id, err := readIdentity(ctx, snapshot)
	snapshot.Close()
	if err != nil {
		return nil, err
	}
	missing, err := id.complete(o)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		if err := engine.Commit(ctx, &storage.Batch{Meta: missing}); err != nil {
			return nil, fmt.Errorf("storing the node's identity: %w", err)
		}
	}
	return id, nil
}

func readIdentity(ctx context.Context, s storage.Snapshot) (*identity, error) {
	id := new(identity)
	for _, part := range []struct {
		key  string
		take func(b []byte) error
	}{
		{metaKey, func(b []byte) (err error) {
			id.key, err = event.KeyFromBytes(b)
			return err
		}},
		{metaRoot, func(b []byte) (err error) {
			id.root, err = event.KeyFromBytes(b)
			return err
		}},
		{metaSystem, func(b []byte) error {
			if copy(id.system[:], b) != len(id.system) || len(b) != len(id.system) {
				return fmt.Errorf("a system of %d bytes", len(b))
			}
			return nil
		}},
		{metaCertificate, func(b []byte) (err error) {
			id.certificate, err = event.DecodeCertificate(b)
			return err
		}},
	} {
		b, err := s.Meta(ctx, part.key)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err == nil {
			err = part.take(b)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the node's identity, %s: %w", part.key, err)
		}
	}
	return id, id.verify()
}

// verify checks that what was stored belongs together.
func (i *identity) verify() error {
	corrupt := func(reason string) error {
		return &storage.CorruptError{What: "node identity", Err: errors.New(reason)}
	}
	if !i.root.IsZero() && i.root.System() != i.system {
		return corrupt("the root key is another system's")
	}
	if !i.certified() {
		return nil
	}
	if i.certificate.Subject != i.key.Public() || i.certificate.System != i.system {
		return corrupt("the certificate is another node's")
	}
	return i.certificate.Verify()
}

// complete makes what is missing and returns it for storing.
func (i *identity) complete(o *options) (missing []storage.MetaChange, err error) {
	if err := i.checkSystem(o); err != nil {
		return nil, err
	}
	add := func(key string, value []byte) { missing = append(missing, storage.MetaChange{Key: key, Value: value}) }
	source := o.random()
	if i.key.IsZero() {
		if i.key, err = event.NewKey(source); err != nil {
			return nil, err
		}
		add(metaKey, i.key.Bytes())
	}
	if i.system.IsZero() {
		if i.system, err = i.chooseSystem(o, source); err != nil {
			return nil, err
		}
		add(metaSystem, i.system[:])
		if !i.root.IsZero() {
			add(metaRoot, i.root.Bytes())
		}
	}
	if !o.root.IsZero() {
		i.root = o.root
	}
	if !i.certified() && !i.root.IsZero() {
		i.certificate = event.Certify(i.root, i.key.Public())
		add(metaCertificate, i.certificate.AppendTo(nil))
	}
	return missing, nil
}

func (i *identity) checkSystem(o *options) error {
	want := o.system
	if !o.root.IsZero() {
		want = o.root.System()
	}
	if !want.IsZero() && !i.system.IsZero() && want != i.system {
		return &SystemError{Have: i.system, Want: want}
	}
	return nil
}

// chooseSystem says which system a store becomes part of that is part of none:
// the one asked for, or else a new one, whose root key is then held here.
func (i *identity) chooseSystem(o *options, source io.Reader) (event.System, error) {
	switch {
	case !o.root.IsZero():
		return o.root.System(), nil
	case !o.system.IsZero():
		return o.system, nil
	}
	root, err := event.NewKey(source)
	i.root = root
	return root.System(), err
}

// Origin names the log that this node writes. It is zero on an ephemeral node.
func (n *Node) Origin() event.Origin { return n.key().Public() }

// System names the system that this node belongs to.
func (n *Node) System() event.System {
	n.identityMu.RLock()
	defer n.identityMu.RUnlock()
	return n.identity.system
}

// Certificate is the system's statement that this node's origin is one of its
// own; ok is false as long as there is none.
func (n *Node) Certificate() (certificate event.Certificate, ok bool) {
	n.identityMu.RLock()
	defer n.identityMu.RUnlock()
	return n.identity.certificate, n.identity.certified()
}

// Certify makes a certificate for another origin. It fails with ErrNoRoot unless
// this node holds the system's root key: because it made the system, or was
// opened with [SystemRoot].
func (n *Node) Certify(o event.Origin) (event.Certificate, error) {
	n.identityMu.RLock()
	root := n.identity.root
	n.identityMu.RUnlock()
	if root.IsZero() {
		return event.Certificate{}, ErrNoRoot
	}
	return event.Certify(root, o), nil
}

// Enrol stores the certificate that some node with the root key made for this one,
// by [Node.Certify]. One that is another node's, or of another system, is refused
// with ErrSystem, and one that is forged with event.ErrSignature. On an ephemeral
// node, which has no log to be certified, the error is ErrEphemeral.
func (n *Node) Enrol(ctx context.Context, c event.Certificate) error {
	if n.Origin().IsZero() {
		return ErrEphemeral
	}
	if c.Subject != n.Origin() || c.System != n.System() {
		return fmt.Errorf("a certificate for origin %s of system %v: %w", c.Subject.Short(), c.System, ErrSystem)
	}
	if err := c.Verify(); err != nil {
		return err
	}
	change := storage.MetaChange{Key: metaCertificate, Value: c.AppendTo(nil)}
	if err := n.committer.note(ctx, change); err != nil {
		return err
	}
	n.identityMu.Lock()
	defer n.identityMu.Unlock()
	n.identity.certificate = c
	return nil
}
