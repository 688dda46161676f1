package main

// clause is one clause of a target of the design: how a figure of ours is to
// compare with a figure of somebody else, measured in the same run. The ratio is
// ours divided by theirs.
type clause struct {
	target string  // G1 and so on
	name   string  // of the clause
	ours   string  // a figure
	theirs string  // a figure; "" when nobody measures it here
	goal   float64 // what the ratio must reach
	below  bool    // or, for what should be small, must not exceed
	fixed  float64 // compare with this number in place of theirs
}

// clauses are all clauses of the targets G1 to G16 and G23.
func clauses() []clause {
	var list []clause
	for _, of := range []func() []clause{commitClauses, enginesClauses, queryClauses, liveClauses, syncClauses, replayClauses} {
		list = append(list, of()...)
	}
	return list
}

// vs makes a clause for each of the figures prefix/what/ours and
// prefix/what/theirs. A peer that nobody measures here has names without
// figures.
func vs(target, prefix, what, ours, theirs string, goal float64) clause {
	return clause{
		target: target, name: what + "/" + theirs,
		ours: prefix + what + "/" + ours, theirs: prefix + what + "/" + theirs, goal: goal,
	}
}

// each makes a clause for each of several cases and peers.
func each(target, prefix string, whats []string, ours string, peers []string, goal float64) []clause {
	var list []clause
	for _, what := range whats {
		for _, peer := range peers {
			list = append(list, vs(target, prefix, what, ours, peer, goal))
		}
	}
	return list
}

func join(lists ...[]clause) []clause {
	var all []clause
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var (
	writes  = []string{"create", "update"}
	queries = []string{"eq", "range", "and", "top"}
	wide    = []string{"eq", "range"}
)

func commitClauses() []clause {
	const d1, d64, r1, rb = "commit/durable-1w/", "commit/durable-64w/", "commit/relaxed-1w/", "commit/relaxed-batch/"
	create, update := []string{"create"}, []string{"update"}
	raw := []string{"raw-event+state"}
	return join(
		// G1: one durable writer; one sync for a commit, nothing else visible.
		each("G1", d1, writes, "ank", raw, 0.9),
		each("G1", d1, writes, "ank", []string{"sqlite"}, 0.7),
		each("G1", d1, writes, "ank", []string{"etcd", "nats"}, 1),
		besideRows("G1", "1w", "ank-pebble", "raw-pgx-row", 1.25),
		each("G1", d1, writes, "ank", []string{"hallgren-bbolt"}, 1.8),
		each("G1", d1, writes, "ank", []string{"hallgren-sqlite"}, 1.2),
		// G2: sixty-four of them.
		each("G2", d64, writes, "ank", raw, 0.40),
		each("G2", d64, writes, "ank", []string{"etcd"}, 1.2),
		besideRows("G2", "64w", "ank-pebble", "raw-pgx-row", 2.5),
		each("G2", d64, writes, "ank", []string{"sqlite", "nats"}, 7),
		// G3: one relaxed writer, with indexes maintained.
		each("G3", r1, create, "ank-indexed", raw, 0.30),
		each("G3", r1, update, "ank-indexed", raw, 0.40),
		each("G3", r1, create, "ank-indexed", []string{"sqlite", "nats"}, 4),
		each("G3", r1, update, "ank-indexed", []string{"sqlite", "nats"}, 2.5),
		each("G3", r1, writes, "ank-indexed", []string{"pouchdb", "kappa-core", "hypercore", "pglite", "surrealdb"}, 20),
		each("G3", r1, create, "ank-indexed", []string{"triplit-memory", "yjs-memory", "tanstack-memory"}, 2),
		each("G3", r1, create, "ank-indexed", []string{"tinybase-memory"}, 1.5),
		// G4: a thousand entities in a transaction.
		each("G4", rb, create, "ank", []string{"raw-1put"}, 0.25),
		each("G4", rb, create, "ank", []string{"sqlite"}, 1.2),
		each("G4", rb, create, "ank", []string{"postgres-copy"}, 0.8),
	)
}

// enginesClauses are G5: half of what the raw client of the same server does with as many
// rows and bytes, and no less than transactions of a single row, with 64 writers.
func enginesClauses() []clause {
	const commits = "engines/commit-"
	var list []clause
	for _, engine := range []struct{ ours, raw string }{{"ank-postgres", "raw-pgx"}, {"ank-tikv", "raw-txnkv"}} {
		for _, what := range []string{"1w/create", "1w/update", "64w/create", "64w/update", "batch/create"} {
			list = append(list, vs("G5", commits, what, engine.ours, engine.raw, 0.5))
		}
		list = append(list, besideRows("G5", "64w", engine.ours, engine.raw+"-row", 1)...)
	}
	return list
}

// besideRows compares with transactions of single rows.
func besideRows(target, writers, ours, theirs string, goal float64) []clause {
	return each(target, "engines/commit-", []string{writers + "/create", writers + "/update"}, ours, []string{theirs}, goal)
}

func queryClauses() []clause {
	const with, without, covering = "query/indexed/", "query/unindexed/", "query/covering/"
	all := append([]string{"get"}, queries...)
	return join(
		// G6: from the log-structured store, nothing resident.
		each("G6", with, all, "ank-disk", []string{"raw-pebble"}, 0.7),
		named("covering", each("G6", covering, []string{"eq"}, "ank-disk", []string{"raw-pebble"}, 0.5)),
		each("G6", with, wide, "ank-disk", []string{"sqlite", "postgres"}, 1),
		overPeer(covering, "eq", with, 8, "sqlite", "postgres"),
		each("G6", with, []string{"and"}, "ank-disk", []string{"sqlite"}, 1),
		each("G6", with, []string{"top"}, "ank-disk", []string{"sqlite"}, 0.7),
		each("G6", with, []string{"get"}, "ank-disk", []string{"sqlite"}, 2),
		each("G6", with, []string{"get"}, "ank-disk", []string{"postgres"}, 10),
		each("G6", with, all, "ank-disk", []string{"pocketbase"}, 2),
		// G7: resident entities.
		each("G7", with, wide, "ank-resident", []string{"raw-map"}, 0.1),
		each("G7", with, wide, "ank-resident", []string{"memdb"}, 1.5),
		each("G7", with, wide, "ank-resident", []string{"sqlite", "postgres", "rxdb", "tinybase"}, 10),
		// G8: no index.
		each("G8", without, queries, "ank-disk", []string{"raw-pebble"}, 0.7),
		each("G8", without, queries, "ank-resident", []string{"raw-map"}, 0.25),
		each("G8", without, queries, "ank-disk", []string{"sqlite", "postgres"}, 0.7),
		named("resident", each("G8", without, queries, "ank-resident", []string{"sqlite", "postgres"}, 4)),
		each("G8", without, queries, "ank-resident", []string{"pglite"}, 7),
		each("G8", without, queries, "ank-resident", []string{"rxdb"}, 20),
		each("G8", without, queries, "ank-resident", []string{"tinybase", "triplit"}, 40),
	)
}

// overPeer compares the covering index with peers that have none.
func overPeer(ours, what, theirs string, goal float64, peers ...string) []clause {
	var list []clause
	for _, peer := range peers {
		list = append(list, clause{
			target: "G6", name: "covering-" + what + "/" + peer,
			ours: ours + what + "/ank-disk", theirs: theirs + what + "/" + peer, goal: goal,
		})
	}
	return list
}

// named tells clauses apart that compare with the same peer.
func named(prefix string, list []clause) []clause {
	for i := range list {
		list[i].name = prefix + "-" + list[i].name
	}
	return list
}

func liveClauses() []clause {
	const p = "live/"
	sql := []string{"pocketbase", "rxdb", "tinybase", "surrealdb", "tanstack", "zero", "triplit"}
	flat := func(target, kind string) clause {
		return clause{
			target: target, name: kind + "-flat", goal: 0.25,
			ours: p + kind + "-100k-1/ank", theirs: p + kind + "-1k-1/ank",
		}
	}
	bytes := func(peer string, goal float64) clause {
		c := vs("G12", p, "bytes-100k-1", "ank", peer, goal)
		c.below = true
		return c
	}
	return join(
		// G9: equality, one match.
		[]clause{flat("G9", "equal")},
		each("G9", p, []string{"equal-100k-1"}, "ank", []string{"raw-map"}, 0.05),
		each("G9", p, []string{"equal-1k-1"}, "ank", []string{"raw-map"}, 0.02),
		each("G9", p, []string{"equal-1k-1"}, "ank", sql, 100),
		each("G9", p, []string{"equal-100k-1"}, "ank", []string{"nats"}, 1),
		each("G9", p, []string{"equal-100k-1"}, "ank", []string{"memdb"}, 10),
		each("G9", p, []string{"equal-100k-1"}, "ank", []string{"electric"}, 40),
		// G10: a hundred matches, all predicates different.
		[]clause{distinct("raw-map", 0.01), distinct("nats", 5)},
		each("G10", p, []string{"distinct-1k-100"}, "ank", []string{"tanstack", "rxdb", "triplit"}, 50),
		each("G10", p, []string{"distinct-1k-100"}, "ank", []string{"zero"}, 5),
		// G11: ranges and conjunctions.
		each("G11", p, []string{"range-1k-1", "range-100k-1"}, "ank", []string{"raw-grid"}, 0.02),
		[]clause{flat("G11", "range"), flat("G11", "and")},
		each("G11", p, []string{"range-1k-1", "and-1k-1"}, "ank", sql, 100),
		// G12: bytes of an idle standing query with one row.
		[]clause{bytes("raw-map", 5), bytes("nats", 0.25), bytes("rxdb", 0.05), bytes("tinybase", 0.05), bytes("tanstack", 0.05)},
		[]clause{{target: "G12", name: "bytes-100k-1/600-bytes", ours: p + "bytes-100k-1/ank", goal: 1, below: true, fixed: 600}},
		// A million of them in less than 1 GB.
		[]clause{{target: "G12", name: "bytes-1m-1/1000-bytes", ours: "live-1m/bytes-1m-1/ank", goal: 1, below: true, fixed: 1000}},
	)
}

// distinct compares with somebody whose hundred subscriptions are all alike.
func distinct(peer string, goal float64) clause {
	return clause{
		target: "G10", name: "distinct-1k-100/" + peer, goal: goal,
		ours: "live/distinct-1k-100/ank", theirs: "live/equal-1k-100/" + peer,
	}
}

func replayClauses() []clause {
	const p = "replay/"
	fold := func(peer string, goal float64) clause { return vs("G23", p, "fold", "ank", peer, goal) }
	verified := clause{
		target: "G23", name: "fold-verified/raw-pebble-scan", goal: 0.10,
		ours: p + "fold/ank-verified", theirs: p + "fold/raw-pebble-scan",
	}
	return []clause{
		// G23: a million events into states.
		fold("raw-pebble-scan", 0.15), verified, fold("sqlite", 1.5), fold("raw-pebble-json", 2), fold("nats", 6),
		fold("kappa-core", 4.5), fold("kappa-core-1000", 1.9), fold("hallgren-sqlite", 4),
		fold("eventhorizon", 3.5), fold("hypercore", 12),
	}
}
