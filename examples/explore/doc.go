// Explore is an interactive shell over a real data set: the 34,000 characters of
// Unicode that have names, and their scripts. It shows what the query language
// can do, how a query is answered, and what live queries say while data changes.
//
//	go run ./examples/explore                        # type queries; help lists commands
//	go run ./examples/explore -script session.txt    # the commands of a file, unattended
//	go run ./examples/explore -dir data              # keep the store in a folder
package main
