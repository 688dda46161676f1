// Bench measures Ank beside the raw store under it and beside other systems, in
// one run on one machine, and says which targets of the project's design are met.
//
//	make bench            everything, about twenty minutes
//	make bench B=commit   one group; README.md lists them
//
// It prints a line for every figure and for every clause of a target:
//
//	bench NAME VALUE UNIT
//	target G2 NAME RATIO GOAL met|missed|unmeasured
//
// Lines that begin with # tell the surroundings: versions, options, times. What
// the workloads are, and what to make of the figures, is in README.md.
//
// # Where to find what
//
// A run has a size and gathers figures, each the median of some samples; a
// measured is what is repeated to get one sample. The groups are in commit.go,
// language.go, query.go, text.go, live.go, kept.go, replay.go, sync.go, with
// sync_history.go and propagate.go, fanout.go, and engines.go, whose processes are in
// engines_processes.go. Most have an interface that
// everybody who takes part implements in a file of its own: commit_ank.go,
// query_memdb.go and so on. The targets are a table in targets.go, those about
// nodes and the network in targets_sync.go.
package main
