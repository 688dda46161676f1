// Package queryvet is the analyzer behind the command ankvet, whose documentation
// says what it finds. It is a package so that others can run it beside their own
// analyzers, with any driver of golang.org/x/tools/go/analysis:
//
//	multichecker.Main(queryvet.Analyzer, nilness.Analyzer)
//
// It knows how Go writes a constant and what types ankgen generates. What a query is,
// and what is wrong with one, it leaves to package query: a call is examined by
// parsing its text, binding values that its arguments may have, and checking the
// result. So whatever the language learns is checked here too, with the same words.
//
//   - call.go finds the calls; source.go finds the places of a text in a file.
//   - model.go makes the schema of a model from generated columns.
//   - arguments.go and samples.go say which values an argument of a Go type may have.
//   - examine.go tries them.
package queryvet
