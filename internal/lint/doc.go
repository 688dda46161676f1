// Package lint holds the rules of this repository that a compiler does not
// check, each as a test that says what to do instead.
//
//   - imports: every arrow between packages points down (see rules in
//     imports_test.go, and the picture in ARCHITECTURE.md).
//   - docs: every package has a manual, every exported name a comment, and the
//     code in the README and the guides compiles.
//   - browser: what a web page needs builds for js/wasm, stays clear of the
//     heavy packages, and its compressed size is reported and bounded.
//   - habits: no init functions, no sleeping tests, no unowned notes-to-self,
//     no file that has outgrown its story.
//
// The package has no code of its own; it exists for `go test ./internal/lint`.
package lint
