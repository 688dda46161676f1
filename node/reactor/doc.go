// Package reactor keeps standing queries current: told of every commit, it works out which queries that
// concerns, what it does to their results, and queues that as change sets for whoever subscribed. It is
// a synchronous library: it starts no goroutine, does no I/O, and never waits for a consumer.
//
// It knows queries, rows and records. It knows nothing of nodes, sessions, policy, sync or engines:
// a node reads rows for it, tells it of commits, and drains the subscriptions.
//
//	r := reactor.New()
//	sub, filling, err := r.Register(checked, wake)  // from here on nothing is missed
//	if filling != nil {
//		rows := ...                                  // read filling.Rows() rows at a snapshot
//		err = filling.Fill(rows, covered)
//	}
//	r.Publish(reactor.Publication{...})              // once per commit, in order
//	for set, ok := sub.Next(); ok; set, ok = sub.Next() { ... }
//
// # Results and change sets
//
// The promise is that the change sets of a subscription, applied one after the other to its initial set,
// always give what the query would return if it were run at that commit, rows in order. That holds for
// every predicate, order, LIMIT and OFFSET. One publication makes at most one change set for
// each standing query; as a publication is one commit of the engine, which may hold several
// transactions, so may a change set. [ChangeSet] defines the indices, [Patch] applies them.
//
// A row that leaves says why: it was deleted, it matches no more, or others pushed it out of the window.
// Where a row leaves a window another usually takes its place; both are in the same change set.
//
// # Matching
//
// Standing queries are found through an index over their predicates, never by going through them.
// A predicate is entered under its branches, see branchesOf: by equality and IN in a hash table, by
// comparisons, BETWEEN and the prefix of LIKE in a tree of intervals, by IS NULL, and by the words that
// MATCH looks for, longer ones first. OR is entered under each side, that within a search for words too. A
// branch with several conjuncts is entered under the most selective kind first, and under the next one
// where many share the first. What the index does not imply is evaluated. Predicates of which nothing can
// be indexed (title != 'a', NOT title MATCH 'a', score > plays) are evaluated on every change of their
// collection. So the cost of a commit grows with what it matches, and with the number of such
// predicates, not with the number of standing queries.
//
// Rows before the change are looked up as well as rows after it, so a row that leaves is found under the
// values that it had.
//
// # Windows
//
// Of a query with LIMIT, the rows up to the end of its window are kept, and some in reserve: half of LIMIT,
// from 8 to 128. When rows leave, those in reserve move up. When the reserve is used up, [Publication.Refill]
// is asked for more, from the last known position on; until it has answered, the result is shown as it
// was before the publication. OFFSET costs memory for the rows it skips.
//
// # Slow consumers
//
// A subscription queues up to 16 change sets; further ones, or very large ones, are joined into one that
// leads from the consumer's list to the newest. Nothing is lost but the steps in between. So a
// subscription never holds more than about four times the rows of the lists it leads from and to.
//
// # Other queries
//
// [Turn] makes a subscription one to another result. Its consumer gets what was queued of the old result, then
// one change set that leads from there to the new, then what comes of the new: nothing begins anew. The
// difference is made when it is taken, from two lists that cost nothing to keep; a row that stays is mentioned only if
// it has another place among those that stay. Somebody who is turned often and takes nothing
// gets the difference to the last result only. [Withdraw] turns to nothing, and ends.
//
// # Memory
//
// A million standing queries with a row each take some 0.4 GB, which is why a standing query keeps its
// canonical text and not its predicate, and why queries that ask the same share one. A query with
// ORDER BY or LIMIT is kept whole.
//
// # References
//
// A query that looks at other entities, artist.name = 'Prince', is told of what changes there too. The
// columns it joins are columns of the match index like any other; see joins.go for how rows come to have
// them. A commit costs two more reads for each row that it changes in a collection with such queries, and,
// if it changes what they look at behind a reference, finding and joining the rows that refer to it:
// an index on the reference makes that cheap, without one the collection is read.
//
// # Groups
//
// Of a query with SELECT the result is groups. Each is a row like any other, with an ID made from what it
// is grouped by. All groups are kept, and every value of MIN, MAX and COUNT(DISTINCT), so a commit costs
// the groups that it touches, however many rows they have; no row is read again.
//
// # Fed results
//
// [Feed] is a result without a predicate, driven directly: a client shows what its server
// says, with its own pending changes on top.
package reactor
