package event

import "fmt"

// LogProblem says what is wrong with a log.
type LogProblem uint8

// The problems of logs.
const (
	// Tampered: the entry is not the one that its origin logged.
	Tampered LogProblem = iota + 1
	// Forked: the origin vouched for something else at this place.
	Forked
	// Gapped: the entry is missing.
	Gapped
	// BadSignature: the signature of the head at this place is not the origin's.
	BadSignature
)

// String returns the problem's name in lower case.
func (p LogProblem) String() string {
	switch p {
	case Tampered:
		return "tampered with"
	case Forked:
		return "forked"
	case Gapped:
		return "missing"
	case BadSignature:
		return "badly signed"
	}
	return "unknown problem"
}

// A LogError names the first bad entry of a log.
type LogError struct {
	Origin  Origin
	Seq     uint64
	Problem LogProblem
	// Verified is the last entry that is known to be good. When it is not Seq-1,
	// the damage may begin anywhere after it, and Seq is where it shows.
	Verified uint64
}

// Error implements error.
func (e *LogError) Error() string {
	return fmt.Sprintf("event: log of origin %s: entry %d is %v (verified up to %d)", e.Origin.Short(), e.Seq, e.Problem, e.Verified)
}

// A LogVerifier checks the entries of one log, in order, and the signed heads
// between them. Entries count only once a signed head at or beyond them was
// accepted. After the first error it returns that error for ever. It is not safe
// for concurrent use.
type LogVerifier struct {
	origin   Origin
	verified Position // the last entry that a signature vouches for
	hash     *Digest  // its whole hash, once known
	closed   bool     // a signature says that nothing follows it
	pending  []Digest // hashes of the entries after it
	err      error
}

// NewLogVerifier returns a verifier of origin's log after the position from,
// which the caller trusts. The zero Position is the beginning of the log. The
// origin of from does not count.
func NewLogVerifier(origin Origin, from Position) *LogVerifier {
	from.Origin = origin
	v := &LogVerifier{origin: origin, verified: from}
	if from.Seq == 0 {
		v.verified.Short = 0
		v.hash = new(Digest)
	}
	return v
}

// Verified is the last position that a signed head vouches for, or where the
// verifier began.
func (v *LogVerifier) Verified() Position { return v.verified }

// Last is the position of the last entry that was taken, be it vouched for or not.
func (v *LogVerifier) Last() Position {
	n := len(v.pending)
	if n == 0 {
		return v.verified
	}
	return Position{Origin: v.origin, Seq: v.verified.Seq + uint64(n), Short: v.pending[n-1].Short()}
}

// Entry takes the next entry. It returns a *[LogError] when the entry does not
// follow the previous one. The entry is hashed, and its structure is not looked
// at.
func (v *LogVerifier) Entry(e *Entry) error {
	if v.err == nil {
		v.err = v.entry(e)
	}
	return v.err
}

func (v *LogVerifier) entry(e *Entry) error {
	last := v.verified.Seq + uint64(len(v.pending))
	switch {
	case e.Origin != v.origin:
		return v.problem(last+1, Tampered)
	case e.Seq != last+1:
		return v.problem(last+1, Gapped)
	case v.closed:
		return v.problem(e.Seq, Forked)
	case len(v.pending) == MaxPendingEntries:
		return &LimitError{What: "entries without a signed head", Limit: MaxPendingEntries, Got: MaxPendingEntries + 1}
	case !v.follows(e.Prev):
		// A signature vouches for the entry before: this one is from elsewhere.
		// Otherwise it is the entry before that nobody vouches for any more.
		if len(v.pending) == 0 {
			return v.problem(e.Seq, Forked)
		}
		return v.problem(last, Tampered)
	}
	v.pending = append(v.pending, e.Hash())
	return nil
}

// follows reports whether prev is the hash of the last entry.
func (v *LogVerifier) follows(prev Digest) bool {
	if n := len(v.pending); n > 0 {
		return prev == v.pending[n-1]
	}
	return v.vouchesFor(prev)
}

// Head takes a signed head. It returns a *[LogError] when the signature is not
// the origin's, when the head speaks of entries that did not come, or of others
// than those that came. A head of an entry before the last verified one has
// nothing to add and is ignored, once its signature is checked.
func (v *LogVerifier) Head(h SignedHead) error {
	if v.err == nil {
		v.err = v.head(h)
	}
	return v.err
}

func (v *LogVerifier) head(h SignedHead) error {
	if h.Origin != v.origin || h.Verify() != nil {
		return v.problem(h.Seq, BadSignature)
	}
	last := v.verified.Seq + uint64(len(v.pending))
	switch {
	case h.Seq > last:
		return v.problem(last+1, Gapped)
	case h.Seq == v.verified.Seq && !v.vouchesFor(h.Hash):
		return v.problem(h.Seq, Forked)
	case h.Seq > v.verified.Seq && v.pending[h.Seq-v.verified.Seq-1] != h.Hash:
		return v.problem(h.Seq, Tampered)
	case h.Closed && h.Seq < last:
		return v.problem(h.Seq+1, Forked)
	case h.Seq < v.verified.Seq:
		return nil
	}
	n := h.Seq - v.verified.Seq
	v.verified, v.hash = h.Position(), &h.Hash
	v.closed = v.closed || h.Closed
	v.pending = append(v.pending[:0], v.pending[n:]...)
	return nil
}

// vouchesFor reports whether the last verified entry has the given hash, as far
// as it is known.
func (v *LogVerifier) vouchesFor(hash Digest) bool {
	if v.hash != nil {
		return hash == *v.hash
	}
	return hash.Short() == v.verified.Short
}

func (v *LogVerifier) problem(seq uint64, p LogProblem) error {
	return &LogError{Origin: v.origin, Seq: seq, Problem: p, Verified: v.verified.Seq}
}
