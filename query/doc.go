// Package query is the language in which entities are asked for: a lexer, a
// parser and a printer, a checker against a model.Schema, an evaluator, and a
// typed builder. It knows values and schemas. It does not know how rows are
// stored or found; package plan, below it, decides that, and engines do it.
//
// A query is the end of a SELECT statement: a predicate, an order and a window,
// each of which may be missing. The empty text asks for everything.
//
//	year > 1985 AND artist.label.name = 'Warner' ORDER BY year DESC, name LIMIT 10
//
// With SELECT in front it asks for groups of entities instead:
//
//	SELECT genre, COUNT(*) AS albums WHERE year > 1985 GROUP BY genre ORDER BY albums DESC
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
//	query      = [ "SELECT" [ "DISTINCT" ] item { "," item } [ "WHERE" predicate ]
//	               [ "GROUP" "BY" sum { "," sum } ] [ "HAVING" predicate ]
//	             | [ predicate ] ]
//	             [ "ORDER" "BY" term { "," term } ] [ "AFTER" ( string | parameter ) ]
//	             [ "LIMIT" count ] [ "OFFSET" count ] [ "AS" "OF" sum ] .
//	item       = sum [ "AS" name ] .
//	term       = sum [ "ASC" | "DESC" ] [ "NULLS" ( "FIRST" | "LAST" ) ] .
//	count      = whole number | parameter .
//
//	predicate  = and { "OR" and } .
//	and        = not { "AND" not } .
//	not        = "NOT" not | comparison .
//	comparison = sum [ op sum
//	                 | "IS" [ "NOT" ] ( "NULL" | "MISSING" )
//	                 | [ "NOT" ] "IN" ( column | list )
//	                 | [ "NOT" ] "BETWEEN" sum "AND" sum
//	                 | [ "NOT" ] ( "LIKE" | "ILIKE" ) sum [ "ESCAPE" sum ]
//	                 | [ "NOT" ] "STARTS" "WITH" sum
//	                 | [ "NOT" ] "MATCH" sum
//	                 | [ "NOT" ] "CONTAINS" ( sum | ( "ANY" | "ALL" ) list ) ] .
//	op         = "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" .
//	list       = "(" [ sum { "," sum } ] ")" .
//	sum        = product { ( "+" | "-" ) product } .
//	product    = operand { ( "*" | "/" | "%" ) operand } .
//	operand    = literal | [ "-" ] ( column | parameter | call | "(" predicate ")" ) .
//	call       = "NOW" "(" ")" | "RANK" "(" ")" | "LEN" "(" sum ")" | "COUNT" "(" "*" ")"
//	           | ( "COUNT" | "SUM" | "MIN" | "MAX" | "AVG" ) "(" [ "DISTINCT" ] sum ")" .
//
//	column     = name { "." name | "." digits | "[" digits "]" } .
//	name       = letter or "_" { letter | digit | "_" } | '"' { character | '""' } '"' .
//	parameter  = "?" | ":" name .
//	literal    = "NULL" | "TRUE" | "FALSE" | number | string | bytes | json .
//	number     = [ "+" | "-" ] ( digits [ "." [ digits ] ] | "." digits ) [ "e" [ "+" | "-" ] digits ] .
//	string     = "'" { character | "''" } "'" .
//	bytes      = "x'" { hexadecimal digits } "'" .
//	json       = "json'" JSON "'" .
//
// Comparisons do not chain: a < b < c is an error. A term of ORDER BY is no literal. A
// column whose name is [Reserved] stands in double quotes; single quotes are for
// strings. All other words are keywords only in their place.
//
// # Columns
//
// A query names the columns of its model, and id, created and updated, which
// every collection has. After a column that is a reference, a path goes on to the
// columns of the entity it refers to: artist.label.name. Below a column of JSON it
// goes on to members of objects by name and to elements of arrays by position:
// meta.tracks[0].title, or meta.tracks.0.title.
//
// # Types and NULL
//
// Both sides of a comparison are of one kind, or the query is refused: booleans,
// numbers, strings, bytes, times, durations, IDs. Only optional fields are ever
// NULL, places in JSON where nothing or null is, and what lies behind a reference
// that leads nowhere, or to an entity that is deleted; a field that is not
// optional and was never written is its type's zero. A row is part of the result
// where the predicate is TRUE.
//
// The table has the rules, by examples that this package's tests evaluate. They
// are about one row: name 'Purple Rain', year 1984 (an int), price NULL (a float),
// length '44m', released '1984-06-25', live FALSE, artist a reference to an entity
// with the name 'Prince' and the label NULL, and two columns of JSON, tags
// ["funk", "rock", null, 7] and meta {"n": 2, "x": null, "tracks": [{"title": "a"}]}.
//
//	NULL = NULL                            NULL    a comparison with NULL is NULL,
//	price > 5                              NULL
//	price != 5                             NULL
//	NOT price > 5                          NULL    and so is its negation
//	price IS NULL                          TRUE
//	price > 5 AND live                     FALSE   FALSE decides an AND,
//	price > 5 AND NOT live                 NULL
//	price > 5 OR NOT live                  TRUE    TRUE an OR
//	price > 5 OR live                      NULL
//	live                                   FALSE   a boolean is a predicate
//	TRUE > FALSE                           TRUE
//	year IN (1984, 1986)                   TRUE    = one of them
//	year IN (1986, NULL)                   NULL
//	year NOT IN (1986, NULL)               NULL
//	year NOT IN (1984, NULL)               FALSE
//	price IN ()                            FALSE   nothing is in an empty list
//	year BETWEEN 1984 AND 1990             TRUE    >= and <=
//	year BETWEEN NULL AND 1983             FALSE
//	year < 1984.5                          TRUE    numbers compare by their exact values,
//	year = 1984.0                          TRUE
//	9007199254740993 = 9007199254740992.0  FALSE   whatever their types;
//	'NaN' > year                           TRUE    NaN comes after all others, as a string
//	name < 'purple'                        TRUE    strings and bytes compare byte by byte
//	released > '1984-06-24 23:59'          TRUE    a string beside a time or an ID is read as one,
//	length > '1d'                          FALSE   and beside a duration, with weeks and days
//	name LIKE 'P%_n'                       TRUE    % is any characters, _ is one
//	name LIKE 'p%'                         FALSE   case matters to LIKE,
//	name ILIKE 'purple %'                  TRUE    not to ILIKE, by simple case folding
//	'50%' LIKE '50!%' ESCAPE '!'           TRUE    there is no other escape character
//	name STARTS WITH 'Purple '             TRUE    in which nothing is special
//	name MATCH 'rain pur*'                 TRUE    all words, whatever the case: see package text
//	name MATCH 'rain -purple'              FALSE
//	name MATCH ''                          FALSE
//	artist.label.name LIKE '%'             NULL    operators for strings are NULL of NULL
//	year + 1 = 1985                        TRUE
//	year / 10 * 10                         1980    integers divide to integers, towards zero
//	year / 10.0                            198.4
//	year % 10                              4
//	-7 / 2                                 -3
//	9223372036854775807 * 2                18446744073709551614
//	9223372036854775807 * 4                36893488147419103232.0
//	1.5 + 1.5                              3
//	year / 0                               NULL    there is no result,
//	price + 1                              NULL    nor is there with NULL
//	released + '36h'                       '1984-06-26 12:00'
//	released - '1984-06-18'                '168h'  a string is a duration, or else a time
//	released + '9000y'                     error
//	length * 2 - '1h'                      '28m'
//	length / '11m'                         4
//	released + length * 1000000000         NULL    beyond the range of durations or times
//	now() - released > '7d'                TRUE    now() is fixed for an evaluation
//	LEN(name)                              11      characters,
//	LEN(tags)                              4       elements,
//	LEN(meta)                              3       or members
//	LEN(meta.n)                            NULL
//	meta.n = 2                             TRUE    in JSON, values have the kind that they have there
//	meta.n = '2'                           FALSE   values of two kinds are not equal
//	meta.n < '3'                           NULL    and in no order,
//	meta.n LIKE '%'                        NULL
//	meta.tracks[0] = json'{"title":"a"}'   TRUE    objects and arrays are equal or not,
//	meta.tracks < json'[1]'                error   and have no order
//	meta.n + 1                             3       arithmetic takes numbers from JSON,
//	meta.tracks + 1                        NULL
//	meta.x = 1                             NULL    null in JSON is NULL,
//	meta.y = 1                             NULL    and so is what is not there
//	meta.x IS NULL                         TRUE
//	meta.y IS NULL                         TRUE
//	meta.x IS MISSING                      FALSE   MISSING tells them apart
//	meta.y IS MISSING                      TRUE
//	meta.tracks[1].title IS MISSING        TRUE
//	artist.label.name IS NULL              TRUE    behind a reference to nothing is NULL
//	artist.name = 'Prince'                 TRUE
//	'funk' IN tags                         TRUE    an element of the array is equal to it,
//	'jazz' IN tags                         FALSE
//	7 IN tags                              TRUE
//	tags CONTAINS '7'                      FALSE   and of its kind
//	tags CONTAINS NULL                     NULL    null elements equal nothing
//	tags CONTAINS ANY ('jazz', 'rock')     TRUE    CONTAINS one OR another
//	tags CONTAINS ALL ('funk', 'jazz')     FALSE   CONTAINS one AND another
//	tags CONTAINS ANY ('jazz', NULL)       NULL
//	tags CONTAINS ANY ()                   FALSE
//	tags CONTAINS ALL ()                   TRUE    of an array; of what is none
//	meta.n CONTAINS 2                      NULL    CONTAINS is NULL
//	name = 5                               error   two kinds
//	year + name                            error
//	SELECT COUNT(*), COUNT(price)          1, 0    aggregates pass NULL over,
//	SELECT SUM(price), AVG(price)          NULL, NULL
//	SELECT MAX(year), COUNT(*) WHERE live  NULL, 0 there is one group without GROUP BY, be it empty
//	SELECT SUM(year) + 1, AVG(year)        1985, 1984.0
//	SELECT price, COUNT(*) GROUP BY price  NULL, 1 NULLs are one group
//	SELECT name, COUNT(*) GROUP BY year    error   it says nothing about a group
//	SELECT COUNT(*) HAVING SUM(price) > 5  none    HAVING is TRUE, or the group is not there
//
// Literals that are no int64 and no uint64 are the nearest float64; one that is
// greater than all of them, 1e400, is an error. A float32 column holds no 0.1 but
// the float32 beside it: ask for a range, or bind a float32. 'Infinity' and
// '-Infinity' beside a number are numbers, as 'NaN' is. FALSE is less than TRUE, and
// IDs compare by the time they were made.
//
// # Groups
//
// GROUP BY puts rows that agree in its columns, or in what it computes, into one
// group. What SELECT asks of it are these columns, aggregates, and what is computed
// from both; so do HAVING and ORDER BY, which may use the names that AS gives. GROUP
// BY may too, unless a column has the name. SELECT DISTINCT a, b is SELECT a, b
// GROUP BY a, b. Entities themselves are asked for without SELECT.
//
// COUNT(*) counts rows. The other aggregates are of a column, or of its DISTINCT
// values, and pass over NULL; of no value at all they are NULL, but COUNT is 0. In
// JSON, SUM and AVG are of the numbers. Sums are exact: a sum of integers is an
// integer as long as it fits int64 or uint64; other sums are the float64 nearest to
// the exact one, and averages that divided by the count. So they depend on the
// values and on nothing else, also when rows come and go one by one: see
// [Accumulator]. A sum of durations that is no duration is NULL.
//
// # Order and window
//
// Rows come in the order of the terms of ORDER BY, and those that are equal in all
// of them by ID; groups, by what they are grouped by. NULLs come first in an
// ascending order and last in a descending one, unless the term says otherwise.
// Values of different kinds in JSON are ordered as model.Value.Compare has it. RANK()
// is how well a row matches what the predicate looks for with MATCH, outside of NOT:
// ORDER BY RANK() DESC has the best first. It depends on the row and the query only, and
// is 0 if nothing is looked for in the end, because that is an empty text, say.
// What MATCH looks for is found by a full-text index, if the column has one: see
// model.Index. Whether it has changes how long it takes, and nothing else.
//
// AFTER begins the result behind a row, see [Cursor]: the next page of a list,
// whatever has changed meanwhile. AS OF asks of the past: as of a time, or as of a
// transaction, by its ID.
//
// # References
//
// What lies behind references is not in the row that is judged. [Checked.Joined]
// lists these columns, [Checked.Join] adds their values to a row by looking them up,
// and [Checked.Follows] says what they depend on. A query that follows no
// reference needs none of this.
//
// # Errors and limits
//
// Whatever is wrong with a query is an [*Error] that says where: line and column,
// the offending token, and the name or keyword that may have been meant.
// [Error.Caret] draws it. No query makes this package panic. Length, nesting and
// the numbers of items, terms, names and computed values are bounded; see [MaxLength].
//
// # Canonical form
//
// [Checked.Where] is a predicate without negation or NULL logic; [Condition]
// describes it. It is also sorted, so that [Checked.Key] is the same for
// queries that are the same but for spelling, and [Checked.Equal] says so: the order of terms, operators
// that say the same, parameters or literals, now() and the time it stands for.
// Queries with different keys may still ask for the same thing. Before a query is
// checked, [Query.Equal] compares what was written, in its one canonical spelling.
package query
