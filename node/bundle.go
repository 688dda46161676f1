package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/node/wire"
)

// A bundle is what one node would send another, as a stream of bytes:
//
//	bundle = "ankbundle", version byte, message*
//
// where the version is 1 and a message is its length, a shortest base-128 varint, and
// then its encoding by package wire. The first is a Hello, whose System counts and
// nothing else; then come Entries and Pieces, under the same rules as on a connection;
// Caught, with the number of entries, is the end. A bundle has no signature of its own:
// every log in it is signed by its origin.
const (
	bundleMagic   = "ankbundle"
	bundleVersion = 1
)

// ErrBundle: what was to be imported is not a bundle, or a damaged one.
var ErrBundle = errors.New("not a whole bundle")

// Export writes what the logs here hold beyond a cursor to w, for [Node.Import] to
// read: for a backup, or for a node that no connection leads to. It returns the cursor
// that the bundle leads to, from which the next one can go on. The zero cursor means
// everything. Logs that [OnlyOrigins] and [WithoutOrigins] exclude are left out.
func (n *Node) Export(ctx context.Context, w io.Writer, since event.Cursor, options ...ReplicateOption) (event.Cursor, error) {
	ctx, leave, err := n.visit(ctx)
	if err != nil {
		return since, err
	}
	defer leave()
	b := bufio.NewWriter(w)
	_, err = b.WriteString(bundleMagic + string(byte(bundleVersion)))
	write := func(m wire.Message) error {
		encoded := wire.Append(nil, m)
		if _, err := b.Write(codec.AppendUvarint(nil, uint64(len(encoded)))); err != nil {
			return err
		}
		_, err := b.Write(encoded)
		return err
	}
	if err == nil {
		err = write(n.hello(n.Origin(), true))
	}
	if err != nil {
		return since, err
	}
	out := newOutlet(n, newReplication(options).trusts)
	out.emit = write
	out.begin(since)
	if _, err := out.send(ctx); err != nil {
		return since, fmt.Errorf("exporting: %w", err)
	}
	if err := write(&wire.Caught{Number: out.entries}); err != nil {
		return since, err
	}
	return since.Merge(out.goal), b.Flush()
}

// Import reads what [Node.Export] wrote, of this system, verifies it as if a peer had
// sent it, and stores it. It returns how many entries were new. Logs that are not taken,
// because they are not what their origin signed or begin after what is here, are named
// by one *[ReplicaError] each, joined; the others are. The error matches ErrBundle if
// the bundle ends early or is damaged: what was verified until then is stored, and
// importing a whole one later goes on from there.
func (n *Node) Import(ctx context.Context, r io.Reader, options ...ReplicateOption) (entries uint64, err error) {
	ctx, leave, err := n.visit(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	cursor, err := n.Cursor(ctx)
	if err != nil {
		return 0, err
	}
	in := newIntake(n, newReplication(options).trusts, cursor)
	list := []error{importInto(ctx, in, bufio.NewReader(r))}
	s := in.status()
	for _, e := range append(s.Refused, s.Waiting...) {
		list = append(list, e)
	}
	return s.Received, errors.Join(list...)
}

// visit lets somebody work on a durable node's logs until it is closed.
func (n *Node) visit(ctx context.Context) (both context.Context, leave func(), err error) {
	if n.committer == nil {
		return nil, nil, ErrEphemeral
	}
	both, leave, ok := n.visits.enter(ctx)
	if !ok {
		return nil, nil, ErrClosed
	}
	return both, leave, nil
}

func importInto(ctx context.Context, in *intake, r *bufio.Reader) error {
	if err := openBundle(in.node, r); err != nil {
		return err
	}
	var whole assembly
	for {
		m, size, err := readMessage(r)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wire.Caught:
			return nil
		case *wire.Entries:
			err = in.take(ctx, m, size)
		case *wire.Piece:
			var one *wire.Entries
			if one, err = whole.add(m); err == nil {
				err = in.take(ctx, one, size)
			}
		default:
			err = fmt.Errorf("%w: %w", ErrBundle, misplaced(m))
		}
		if err == nil {
			err = in.store(ctx, true)
		}
		if err != nil {
			return err
		}
	}
}

// openBundle reads a bundle's beginning.
func openBundle(n *Node, r *bufio.Reader) error {
	head := make([]byte, len(bundleMagic)+1)
	if _, err := io.ReadFull(r, head); err != nil {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	switch version := head[len(bundleMagic)]; {
	case string(head[:len(bundleMagic)]) != bundleMagic:
		return fmt.Errorf("%w: it does not begin as one", ErrBundle)
	case version != bundleVersion:
		return &event.VersionError{What: "bundle", Version: version, Supported: bundleVersion}
	}
	m, _, err := readMessage(r)
	if err != nil {
		return err
	}
	hello, ok := m.(*wire.Hello)
	switch {
	case !ok:
		return fmt.Errorf("%w: %w", ErrBundle, misplaced(m))
	case hello.System != n.System():
		return &SystemError{Have: n.System(), Want: hello.System}
	}
	return nil
}

// readMessage reads one message of a bundle. Memory is taken as it comes, not as its
// length promises.
func readMessage(r *bufio.Reader) (wire.Message, int, error) {
	length, err := binary.ReadUvarint(r)
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", ErrBundle, err)
	case length > wire.MaxMessage:
		return nil, 0, fmt.Errorf("%w: %w", ErrBundle, wire.ErrTooLarge)
	}
	var encoded bytes.Buffer
	if _, err := io.CopyN(&encoded, r, int64(length)); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	m, err := wire.Decode(encoded.Bytes())
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return m, int(length), nil
}

// assembly puts an entry together that came in pieces.
type assembly struct{ bytes []byte }

// add takes the next piece, and returns the entry with the last one.
func (a *assembly) add(m *wire.Piece) (*wire.Entries, error) {
	a.bytes = append(a.bytes, m.Bytes...)
	if len(a.bytes) > event.MaxEntrySize {
		return nil, errFlood("an entry that is larger than entries are")
	}
	if m.More {
		return new(wire.Entries), nil
	}
	e, err := event.DecodeEntry(a.bytes)
	if err != nil {
		return nil, &wire.Error{Kind: m.Kind(), Err: err}
	}
	a.bytes = nil
	return &wire.Entries{Entries: []*event.Entry{e}}, nil
}
