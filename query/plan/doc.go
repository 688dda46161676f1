// Package plan decides how to find the rows of a checked query: by their IDs,
// through ranges of an index, or by reading the collection. It knows queries and
// the order of keys. It does not know what holds the rows, nor how many there are:
// an engine carries a [Plan] out, or ignores all of it but the query.
//
// # Carrying out a plan
//
// An engine that obeys a plan does this, and nothing else:
//
//	found: for each candidate, in order:       // p.IDs, or p.Ranges of index or collection
//	           skip it unless filter.Match(key, id)    // filter := p.KeyFilter()
//	           read the row
//	           skip it if p.Residual && !p.Query.Match(row)
//	result: plan.Rows(p, found, ...)           // sorts, skips OFFSET, ends at LIMIT
//
// The candidates of a plan with [Plan.Parts] are the IDs that the parts have, in
// order and each once: of a [Union] those of any part, of an [Intersect] those of
// all.
//
//	ids(p): for each key of p.IDs, or p.Ranges of index or collection:
//	            skip it unless filter.Match(key, id)
//	        or, if p has parts, the union or intersection of their ids
//
// An engine that finds it is not worth while may leave out parts of an Intersect,
// but for one. Whatever parts say, the predicate is tested on rows.
//
// Indexes are expected to hold no deleted rows.
//
// A plan never loses a row: its ranges contain every row that matches. Every plan
// of [Plans] has the same result, which is how tests compare them.
//
// # What bounds an index
//
// For every column, [Domain] derives from the predicate the set of values that
// matching rows can have: =, IN, BETWEEN, <, LIKE 'prefix%', IS NULL, and AND, OR and
// NOT of these. The leading columns of an index whose sets are finite
// multiply to points, one more column contributes its intervals. Parts of the
// predicate that say no more than these sets are then known to be TRUE and not
// tested again. id and created bound the collection itself in the same way.
//
// # Several indexes
//
// A disjunction over several columns is a union, if there is an index, or a range of
// IDs, for each of its branches: a = 1 OR b = 2. What stands beside the disjunction
// holds for every branch, so (a = 1 OR b = 2) AND c = 3 reads the indexes on a and c
// and on b and c. Branches for which the same index is read share a part, whose
// ranges are joined: a row may be in several parts, but is in the result once. Branches
// may have disjunctions themselves.
//
// # Searches
//
// MATCH reads an index of words, if its column has one: of each alternative the rows
// that have the rarest word, by guess the longest one, intersected with those of
// others while that pays; of a beginning, pur*, all words from there on. All
// alternatives together are a union. Whether the words of a phrase follow each other,
// and whether a word is missing that must be, is tested on rows; a search for one word
// is answered by the index alone. The index comes in the order of IDs, never in that
// of scores. NOT MATCH reads none.
//
// # What is behind references
//
// Where a matching row must refer to an entity of which the predicate asks something,
// as in artist.name = 'Prince', the plan may be to ask for those entities first, and
// then for the rows that refer to them, with an index on the reference
// ([Refer], [Reference]). The first question is a query of its own collection, with a plan
// of its own, which may look behind references again. When there are few answers,
// [Plan.Narrow] plans anew, with the references as one more condition; when there are
// more than [MaxReferred], rows are read in another way, and references of each are
// followed. What may be NULL, because a reference leads nowhere, is never asked for.
//
// # What is sorted
//
// Entries of an index are in the order of its columns and then of IDs. Columns in
// which all matching rows are equal do not count, so status = 'open' ORDER BY score
// is sorted in an index on status and score. Reading backwards reverses the IDs
// too, while queries order equal rows by ascending ID. Then, and when only some
// keys of ORDER BY follow the index, rows come in sorted groups ([Plan.Prefix]), and
// [Rows] sorts within these. So LIMIT ends the reading early in both cases.
//
// # Choosing
//
// [New] compares plans by guesses: how much of a collection a condition leaves
// depends on its operator only. The choice depends on nothing but the query and
// the indexes, and never on data.
//
// [Measured] asks [Statistics], but only where guesses leave a choice: where several
// indexes bound different columns, or where an index has to be weighed against reading
// in the query's order up to its limit. It asks for the number of keys in the
// ranges of each such index, up to some tens, and up to a thousand if none has
// fewer; once an index has hardly any, the others are not asked for. So status =
// 'open' AND owner = 'u' reads the index in which fewer rows are found.
//
// Two indexes are intersected if reading the keys of both and the rows they have in
// common promises to take less time than reading the rows of one. This is never
// done by guess: only parts that were counted to the end are intersected.
//
// What is guessed can be far off. A range of an index that holds nearly all rows takes
// a few times as long as a scan would have; that is the price for never scanning
// where the range holds few. With LIMIT, a plan that comes sorted is taken to
// meet enough matching rows early: where hardly any row matches, it reads to the
// end. An ORDER BY that an index of the conditions follows spares both.
//
// # Explaining
//
// [Plan.Explain] says in words what a plan does. With the [Work] of an engine that
// carried it out it says beside what was expected what was read: keys and rows, part
// by part. Of a part that turned out not to be worth reading it says that too.
package plan
