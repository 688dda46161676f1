// Command albums shows the whole of Ank on real albums: a server's node on disk
// and a client's node beside it, connected by a line inside the process.
//
//	go run ./examples/albums            # in a new folder, which it names
//	go run ./examples/albums -dir DIR   # in a folder of yours; run it twice
//	go run ./examples/albums -store S   # on any engine, by the names of package engines
//
// It loads the albums, watches a query from the client while both sides edit,
// cuts the line and lets both edit the same album, shows how the two meet, what
// became of a change that the server refuses, and the history and a past reading
// of one album. At the end it closes everything, opens the folder again and folds
// the log anew, by itself, to compare with what the store holds. A second run on
// the same folder begins with that comparison.
//
// The models are in package music. Everything here is what an application writes;
// nothing in it is special to the example but the printing.
package main
