// Offline runs a server and two clients as processes of their own, on this machine, and lets things go
// wrong: the server is killed, both clients go on working without it, one of them is killed as well,
// and when everybody is back, every change has been accepted or refused, with a reason, and all three
// hold the same.
//
//	go run ./examples/offline
//
// The processes speak over WebSockets and prove who they are by tokens. Each keeps its data in a folder
// of its own. The main program starts, kills and asks them: see play.go for what happens.
package main
