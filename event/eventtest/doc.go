// Package eventtest builds histories for tests out of labels, so that a test
// reads like the picture of its graph:
//
//	h := eventtest.New(t, `
//		A
//		B, C => [A]
//		D => [B, C]
//	`)
//	h.Head("B", "C")
//
// A line names events on the left and their precursors on the right. Events get
// ascending IDs in the order in which they are named, one millisecond apart, so
// that the script also says which of two concurrent events is the younger one. An
// event without precursors creates an entity; the others belong to the entity of
// their precursors.
//
// A [History] is an event.Graph, and answers by brute force what package event
// answers cleverly: its Compare and Missing build the full set of ancestors. A [Log]
// chains entries, and a [Wall] is a clock that tests set.
//
// The package knows nothing of models: tests put operations into the events
// themselves. It is for tests only and reports misuse through testing.TB.
package eventtest
