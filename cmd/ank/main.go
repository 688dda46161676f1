// Command ank runs Ank as a program, without a line of Go:
//
//	ank serve -store pebble:data
//
// keeps a store and serves clients over WebSockets. Its collections are those that its
// clients bring. Package program, next to this one, has the manual of its commands and
// flags, and is what to make such a program of with models, rules and hooks of your own.
package main

import "github.com/ankgo/ank/cmd/ank/program"

func main() { program.Program{}.Main() }
