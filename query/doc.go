// Package query is the language in which entities are asked for: a lexer, a
// parser and a printer, a checker against a model.Schema, an evaluator, and a
// typed builder. It knows values and schemas. It does not know how rows are
// stored or found; package plan, below it, decides that, and engines do it.
//
// A query is the end of a SELECT statement: a predicate, an order and a window,
// each of which may be missing. The empty text asks for everything.
//
//	year > 1985 AND (genre = 'Funk' OR genre IS NULL) ORDER BY year DESC, name LIMIT 10
//
// A query lives in four steps, each a value that does not change:
//
//	q, err := query.Parse("year > ? ORDER BY year")   // a tree: *Query
//	q, err = q.Bind(1985)                             // no parameters left
//	c, err := q.Check(schema)                         // names and types resolved: *Checked
//	c.Match(row); c.Compare(a, b)                     // evaluated
//
// # Grammar
//
// Keywords are read in upper and lower case. Names are exact.
//
//	query      = [ predicate ] [ "ORDER" "BY" term { "," term } ]
//	             [ "LIMIT" count ] [ "OFFSET" count ] .
//	term       = column [ "ASC" | "DESC" ] [ "NULLS" ( "FIRST" | "LAST" ) ] .
//	count      = whole number | parameter .
//
//	predicate  = and { "OR" and } .
//	and        = not { "AND" not } .
//	not        = "NOT" not | comparison .
//	comparison = operand [ op operand
//	                     | "IS" [ "NOT" ] "NULL"
//	                     | [ "NOT" ] "IN" "(" [ operand { "," operand } ] ")"
//	                     | [ "NOT" ] "BETWEEN" operand "AND" operand
//	                     | [ "NOT" ] "LIKE" operand [ "ESCAPE" operand ] ] .
//	op         = "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" .
//	operand    = column | literal | parameter | "(" predicate ")" .
//
//	column     = name { "." name | "." digits } .
//	name       = letter or "_" { letter | digit | "_" } | '"' { character | '""' } '"' .
//	parameter  = "?" | ":" name .
//	literal    = "NULL" | "TRUE" | "FALSE" | number | string | bytes | json .
//	number     = [ "+" | "-" ] digits [ "." digits ] [ "e" [ "+" | "-" ] digits ] .
//	string     = "'" { character | "''" } "'" .
//	bytes      = "x'" { hexadecimal digits } "'" .
//	json       = "json'" JSON "'" .
//
// Comparisons do not chain: a < b < c is an error. A column whose name is
// [Reserved] stands in double quotes; single quotes are for strings.
//
// # Columns
//
// A query names the columns of its model, and id, created and updated, which
// every collection has. Below a column of JSON, a path goes on to members of
// objects by name and to elements of arrays by position: meta.tracks.0.title.
//
// # Types
//
// Both sides of a comparison are of one kind, or the query is refused: booleans,
// numbers, strings, bytes, times, durations, IDs. FALSE is less than TRUE, strings
// and bytes compare byte by byte, IDs by the time they were made.
//
//   - Numbers compare by their exact mathematical value, whatever their types:
//     an int column may be compared with 1985.5, or with a number that no int can
//     be. Literals that are no int64 and no uint64 are the nearest float64; one
//     that is greater than all of them, 1e400, is an error. A float32 column holds
//     no 0.1 but the float32 beside it: ask for a range, or bind a float32. NaN
//     sorts after all other numbers and equals itself.
//   - A string beside a time, a duration or an ID is read as one: RFC 3339, or as
//     much of it as a date ('2024-01-31', '2024-01-31 12:00', in UTC), '1h30m', 26
//     letters and digits. The strings 'NaN', 'Infinity' and '-Infinity' are read as numbers
//     beside one.
//   - LIKE takes strings; % stands for any characters, _ for one. Case matters.
//     There is no escape character unless ESCAPE names one. The pattern is no
//     column.
//   - What is in JSON has the kind that it has in that row. Values of different
//     kinds are not equal; asking which comes first gives NULL, and so does LIKE
//     of what is no string. Objects and arrays can be equal, but have no order.
//   - A column or path that holds a boolean is a predicate by itself.
//
// # NULL
//
// Only optional fields are ever NULL, and places in JSON where nothing or null
// is: a field that is not optional and was never written is its type's zero. A
// comparison with NULL is NULL, neither TRUE nor FALSE. NOT NULL is NULL. AND is
// FALSE if one side is, OR is TRUE if one side is, whatever the other; otherwise
// NULL on one side makes them NULL. x IN (a, b) is x = a OR x = b, and x BETWEEN a
// AND b is x >= a AND x <= b; so NULL in the list of a NOT IN means that nothing
// matches. An empty list contains nothing, not even NULL. A row is part of the
// result where the predicate is TRUE.
//
// # Order
//
// Rows come in the order of the terms of ORDER BY, and those that are equal in all
// of them by ID. NULLs come first in an ascending order and last in a
// descending one, unless the term says otherwise. Values of different kinds in
// JSON are ordered as model.Value.Compare has it.
//
// # Errors and limits
//
// Whatever is wrong with a query is an [*Error] that says where: line and column,
// the offending token, and the name or keyword that may have been meant.
// [Error.Caret] draws it. No query makes this package panic. Length, nesting and
// the numbers of items, terms and names are bounded; see [MaxLength].
//
// # Canonical form
//
// [Checked.Where] is a predicate without negation or NULL logic; [Condition]
// describes it. It is also sorted, so that [Checked.Key] is the same for
// queries that are the same but for spelling: the order of terms, operators
// that say the same, parameters or literals. Queries with different keys may still
// ask for the same thing.
package query
