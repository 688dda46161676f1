package entity

import "time"

// ChangeKind tells what happened to an item of a live query.
type ChangeKind uint8

// The kinds of changes.
const (
	Initial ChangeKind = iota + 1 // it was there when the stream of changes began
	Added                         // it came in
	Updated                       // it changed and kept its place, or is not known to have moved
	Moved                         // it has another place in the order, because it or the query changed
	Removed                       // it left; see Reason
)

// String returns the kind's name in lower case.
func (k ChangeKind) String() string {
	if k > Removed {
		return "unknown"
	}
	return [...]string{"none", "initial", "added", "updated", "moved", "removed"}[k]
}

// Reason tells why an item left a live query.
type Reason uint8

// The reasons of a removal.
const (
	Deleted Reason = iota + 1 // the entity was deleted
	NoMatch                   // it no longer matches the query
	Denied                    // the session may no longer see it; the query has ended
	Limit                     // others pushed it beyond LIMIT, or into OFFSET
)

// String returns the reason as it is said.
func (r Reason) String() string {
	if r > Limit {
		return "unknown"
	}
	return [...]string{"none", "deleted", "no longer matches", "no longer allowed", "pushed out by limit"}[r]
}

// A Change is what happened to one item of a live query.
type Change[V any] struct {
	Kind   ChangeKind
	Reason Reason // of Removed only
	Item   V      // as it is now; of Removed, as it last was in the result
	Before V      // as it was; zero for Initial and Added
	// Fields names what changed, of Updated and Moved: columns of the entity, those
	// of others that the query reads (artist.name), or items of SELECT. None did when
	// what was pending was accepted as it is ([View.Pending]). It is shared and must
	// not be changed.
	Fields   []string
	Index    int // its place after the change set; -1 for Removed
	OldIndex int // its place before the change set; -1 for Initial and Added
}

// A ChangeSet takes a live query's result from one commit to a later one: all of
// it, or nothing.
type ChangeSet[V any] struct {
	Changes []Change[V]
	State   LiveState
}

// Phase tells what a live query's result is worth.
type Phase uint8

// The phases.
const (
	Loading  Phase = iota + 1 // nothing is known yet
	Local                     // what this node holds; there may be more elsewhere
	Complete                  // the whole result, kept current
	Stale                     // it was complete; the connection is gone or behind
	Failed                    // it ended with an error
)

// String returns the phase's name in lower case.
func (p Phase) String() string {
	if p > Failed {
		return "unknown"
	}
	return [...]string{"none", "loading", "local", "complete", "stale", "failed"}[p]
}

// A LiveState is the condition of a live query.
type LiveState struct {
	Phase Phase
	Since time.Time // when the phase began
	Err   error     // of Failed: why; of Stale: what is in the way, if known

	// Loaded is how many rows of the result have come, of Expected ones, while the server
	// sends all of it, at first or because what is held is of no use any more. They are
	// shown when the last has come; until then the phase stays what it was, Loading say.
	// Expected moves with what changes meanwhile, and is never less than Loaded.
	// Otherwise both are 0. Changes tells of progress ten times a second at most.
	Loaded, Expected int
}
