// Ankvet checks the queries in Go code against the models that they ask for.
//
// Usage:
//
//	go vet -vettool=$(which ankvet) [packages]
//	ankvet [-fix] [packages]
//
// A query that is a text is read when it runs. Ankvet reads it when the code is
// built: it finds the calls that pass a constant text to a generated collection,
// parses it, and checks it as the call would,
//
//	music.Albums.Query(ctx, session, "yaer > ? ORDER BY name", time.Now())
//
// and reports what the call would return as an error, with the place inside the
// literal:
//
//	main.go:12:36: query 1:1: Album has no column "yaer" (did you mean year?)
//
// With -fix, and in editors that run analyzers, what was meant takes the place of
// the wrong word, if the query is better with it.
//
// # Getting it
//
// A module says once that ankvet is one of its tools, so that go mod tidy keeps what
// it is built from:
//
//	go get -tool github.com/ankgo/ank/cmd/ankvet
//
// Then this checks all packages, those of tests too, and remembers what it checked
// until that changes:
//
//	go vet -vettool=$(go tool -n ankvet) ./...
//
// With -vettool the checks of go vet itself do not run: call it a second time. For a
// program of one's own out of several analyzers there is
// [github.com/ankgo/ank/cmd/ankvet/queryvet].
//
// # What is checked
//
// Calls of every method of [github.com/ankgo/ank/entity.Collection] and
// [github.com/ankgo/ank/entity.Live], and of every function in that package that takes
// one of them, whose last parameters are text string, args ...any. The text may be a literal, a constant, a sum of them, or a
// conversion; a constant that is declared in the package is followed to its
// declaration. Reported are
//
//   - mistakes of syntax;
//   - columns that the model does not have, and those that were renamed;
//   - comparisons of what cannot be compared, and other things out of place;
//   - queries with SELECT where entities are asked for, and those without it where
//     groups are;
//   - parameters without arguments, and arguments without parameters;
//   - arguments whose types cannot stand where they stand: an int beside a column of
//     times, a string beside one of numbers, a slice outside of IN, a map anywhere.
//     The value of a constant is known: 'soon' is no time.
//
// One mistake is reported for the text of a query, the first one, and one for each
// argument.
//
// # What is not
//
// Texts that are not constant are left alone, and so are calls of a variable that
// holds a method, and of functions that pass their own text on. Arguments of
// interface types may be anything; those behind args... and in a query.Named that is
// no literal are not counted. Queries that are composed in Go need no check: the
// compiler makes it.
//
// A model is known by the columns that ankgen generated for it, so that generated
// code has to be fresh (ankgen -check). Of a collection that was written by hand, or
// has a type parameter for its model, only the syntax and the number of arguments are
// checked. References are followed to models of any package. If a query follows one
// into a package that the calling one does not import, and the model there has a field
// of a type over int64, which may be a number or a duration, that query is left alone.
//
// The exit code of ankvet alone is 0 if there is nothing to report, 3 if there is, and
// 1 if a package cannot be loaded.
package main
