package main

// under makes a clause of W4 about what should be small.
func under(target, what, measure, ours, theirs string, goal float64) clause {
	c := vs(target, "sync/", what+"/"+measure, ours, theirs, goal)
	c.name, c.below = what+"-"+measure+"/"+theirs, true
	return c
}

// syncClauses are those of W4.
func syncClauses() []clause {
	return join(firstClauses(), historyClauses(), propagationClauses(), missedClauses())
}

// as renames a clause that compares another figure of ours with the same peer.
func (c clause) as(prefix string) clause {
	c.name = prefix + "-" + c.name
	return c
}

// against compares with the figure of another case.
func (c clause) against(what, measure, theirs, name string) clause {
	c.theirs, c.name = syncFigure(what, measure, theirs), c.name+"-"+name
	return c
}

// firstClauses are G13: a new client gets 100,000 entities. Peers that do not
// compress are compared without compression.
func firstClauses() []clause {
	time := func(peer string, goal float64) clause { return under("G13", "first", "time", "ank", peer, goal) }
	return []clause{
		time("raw-ws", 3), under("G13", "first", "time", "ank-deflate", "raw-ws", 3).as("deflate"),
		under("G13", "first", "bytes", "ank", "raw-ws", 1.3),
		under("G13", "first", "bytes", "ank-deflate", "raw-ws", 0.5).as("deflate"),
		time("nats", 0.7), under("G13", "first", "bytes", "ank", "nats", 0.7),
		time("yjs", 0.2), time("rxdb", 0.1), time("automerge-repo", 0.02),
	}
}

// historyClauses are G14: the whole verified history, beside the states alone and
// beside the same entries.
func historyClauses() []clause {
	time := func(peer string, goal float64) clause { return under("G14", "history", "time", "ank", peer, goal) }
	bytes := under("G14", "history", "bytes", "ank", "raw-ws", 2)
	return []clause{
		time("raw-ws", 6), time("raw-ws", 6).against("first", "time", "raw-ws", "states"),
		bytes, bytes.against("first", "bytes", "raw-ws", "states"),
		time("yjs", 0.5), time("jazz", 0.01), under("G14", "history", "bytes", "ank", "jazz", 0.15),
	}
}

// propagationClauses are G15: one change from client to client.
func propagationClauses() []clause {
	p50 := func(peer string, goal float64) clause { return under("G15", "one-idle", "p50", "ank", peer, goal) }
	return []clause{
		p50("raw-ws", 3), under("G15", "one-idle", "p99", "ank", "raw-ws", 4),
		p50("nats", 1.2), p50("yjs", 0.6), p50("rxdb", 0.05), p50("jazz", 0.015),
		under("G15", "one-durable-idle", "p50", "ank", "raw-allowed", 1),
	}
}

// missedClauses are G16: a client was cut off for 10,000 changes. What it costs must
// not depend on the entities that have not changed: with ten times as many it may
// take a quarter longer, which is the noise of short times, and a twentieth more
// bytes.
func missedClauses() []clause {
	const what = "missed-100k"
	time := func(peer string, goal float64) clause { return under("G16", what, "time", "ank", peer, goal) }
	bytes := under("G16", what, "bytes", "ank", "raw-ws", 1.5)
	return []clause{
		time("raw-ws", 6), bytes,
		under("G16", what, "time", "ank", "ank", 1.25).against("missed-10k", "time", "ank", "few"),
		under("G16", what, "bytes", "ank", "ank", 1.05).against("missed-10k", "bytes", "ank", "few"),
		time("nats", 1.5), time("yjs", 0.3), time("rxdb", 0.02), time("pouchdb", 0.02),
	}
}
