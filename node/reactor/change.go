package reactor

import (
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Change is what a commit did to one entity.
type Change struct {
	Collection string
	ID         event.ID
	// Before and After are the entity's records on either side of the commit; nil if there was none.
	// A record whose row is deleted counts as none for matching.
	Before, After *storage.Record
}

// Publication is one commit, as the reactor is told of it: an engine batch, which may hold several
// transactions. It becomes at most one change set per standing query.
type Publication struct {
	// Position says where in the history the commit stands, in whatever way the caller tells. The
	// reactor hands it back with change sets and to Filling.Fill, and never looks into it.
	Position any
	// Changes holds each entity once at most.
	Changes []Change
	// Refill is asked for rows when a window has run short of them. It may be nil if no standing
	// query has a LIMIT.
	Refill Refill
	// Source is asked for entities that references lead to, and for those that refer to what was changed.
	// It may be nil if no standing query follows references.
	Source Source
}

// Refill reads up to n rows of a query, its LIMIT and OFFSET left aside: those that come strictly after
// the position of a given row in the query's order, or the first ones if that is nil. The row given may
// no longer be stored that way; only its position counts. Fewer than n rows mean that there
// are no more. The rows must be those of the publication's commit, neither older nor newer.
//
// It is called from Publish with no lock held. When it fails, so does the standing query, and its
// subscriptions end with the error.
type Refill func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error)

// Kind is what happened to a row of a result.
type Kind uint8

const (
	Initial Kind = iota // the row is part of the result with which a subscription begins
	Added               // the row came into the result
	Updated             // the row changed and kept its place
	Moved               // the row took another place, because it changed, is new under its ID, or the order is another one
	Removed             // the row left the result, see Reason
)

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

var kindNames = [...]string{"initial", "added", "updated", "moved", "removed"}

// Reason is why a row was removed.
type Reason uint8

const (
	Stayed  Reason = iota // it was not
	Deleted               // the entity was deleted
	NoMatch               // the predicate no longer holds for it
	Limit                 // other rows pushed it out of the window of LIMIT and OFFSET
	Denied                // the subscriber may no longer see it
)

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

var reasonNames = [...]string{"stayed", "deleted", "no match", "limit", "denied"}

// RowChange is what happened to one row of a result.
type RowChange struct {
	Kind   Kind
	Reason Reason // of a Removed
	// OldIndex is the row's index in the list before the change set, -1 if it was not there.
	OldIndex int
	// Index is the row's index in the list after the change set, -1 if it is not there.
	Index int
	// Record is the row after the change. For a Removed row it is the row as last known, which for
	// a Deleted one may be a deleted record or the record before.
	Record *storage.Record
	// Before is the row as it stood in the list before the change set; nil if it was not there.
	Before *storage.Record
	// Fields names the columns that changed, in the schema's order, if the row is in both lists. It
	// is shared and must not be changed.
	Fields []string
}

// ID is the row's entity.
func (c *RowChange) ID() event.ID { return c.Record.Row.ID }

// ChangeSet is the way from one result to a later one. It is shared between subscriptions, except if
// Initial is set, and must not be changed.
//
// Indices are of the whole way: OldIndex counts in the list before, Index in the list after. Rows that
// are not mentioned, and those that were updated, keep their order among each other. So a list is
// patched by taking out what was removed or moved, from the greatest OldIndex down, and putting in
// what was added or moved, from the least Index up; then every updated row stands at its Index.
// Patch does the same in one pass.
type ChangeSet struct {
	// Position is that of the newest publication in the set; of an initial one see Items.Position.
	Position any
	// Initial marks the first set of a subscription: the whole result, which replaces any list.
	Initial bool
	// Changes are ordered: first Removed by OldIndex, then the others by Index. There may be none,
	// if what happened took itself back.
	Changes []RowChange
}

// Patch applies the change set to the list that it was made for and returns the new one. Items are made
// by item from what changed; list is not modified.
func Patch[T any](list []T, set *ChangeSet, item func(*RowChange) T) []T {
	if set.Initial {
		list = nil
	}
	gone := make(map[int]struct{}, len(set.Changes))
	arriving := 0
	for i := range set.Changes {
		if c := &set.Changes[i]; c.OldIndex >= 0 {
			gone[c.OldIndex] = struct{}{}
		}
		if set.Changes[i].Index >= 0 {
			arriving++
		}
	}
	out := make([]T, 0, len(list)-len(gone)+arriving)
	next := 0 // of list
	keep := func(until int) {
		for ; len(out) < until && next < len(list); next++ {
			if _, ok := gone[next]; !ok {
				out = append(out, list[next])
			}
		}
	}
	for i := range set.Changes {
		if c := &set.Changes[i]; c.Index >= 0 {
			keep(c.Index)
			out = append(out, item(c))
		}
	}
	keep(cap(out))
	return out
}

// sortChanges brings the changes of a set into their order.
func sortChanges(changes []RowChange) {
	slices.SortFunc(changes, func(a, b RowChange) int {
		switch ra, rb := a.Kind == Removed, b.Kind == Removed; {
		case ra && rb:
			return a.OldIndex - b.OldIndex
		case ra:
			return -1
		case rb:
			return 1
		}
		return a.Index - b.Index
	})
}
