// Package mergetest holds the laws that folding events must obey, as a function
// over whatever folds:
//
//	func TestLaws(t *testing.T) { mergetest.Run(t, subject) }
//
// A [Subject] makes folds. The suite draws random histories of one entity
// (several writers with clocks that differ, stale forks, merges, deletions,
// fields and kinds of operations that nobody knows, several writes to one field
// in one event) and delivers them in all the ways that a network may: in any
// order, with duplicates, in parts, with twins (two events with one ID) and with
// copies that lack erased values. Each law is a named subtest; its failure
// explains the law and prints the history, shrunk, with letters for events.
//
// [Reference] is the definition of a fold, by brute force over the whole set of
// events: it knows nothing of arrival, heads or parking.
//
// The suite itself is tested by mutants: [Violations] runs the laws on a subject
// that is broken on purpose and returns the laws that noticed.
//
// # What the laws do not show
//
// Nothing here measures speed or memory, nothing runs concurrently, and one
// history has one entity. That a broken fold is found is a matter of chance,
// though the chance is high: see the mutants.
package mergetest
