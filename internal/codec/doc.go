// Package codec holds the primitives of Ank's one binary encoding: unsigned and
// zigzag varints, length-prefixed bytes, and a [Reader] that takes them apart
// again.
//
// The package knows nothing of what is encoded; events, values and wire
// messages are laid out by the packages that own them.
//
// # Canonical by construction
//
// Encodings made here are hashed and signed, so one value must have one
// encoding only. The append functions write the shortest form of every number;
// the Reader refuses any other form. Whatever a Reader accepted, the append
// functions would write again byte for byte.
//
// # Hostile input
//
// A Reader never panics and never allocates for a length it only read: every
// length and count is checked against the caller's limit and against what is
// left of the input. Its error is sticky, so that a decoder may read a whole
// record and look at [Reader.Err] once. After the first error every read
// returns a zero value.
package codec
