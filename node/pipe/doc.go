// Package pipe connects two nodes of one process: the carrier for tests,
// simulations, and programs that keep a client's node and a server's node side by
// side. Messages are encoded and copied like on any other carrier; the two nodes
// never share memory.
//
// [New] makes one connection. [Link] is a line that can be cut and mended, with
// as many connections over it as were dialled:
//
//	link := pipe.NewLink(func(c wire.Conn) { go server.Serve(ctx, c, "ada") })
//	client.Connect(link.Dial)
//	link.Cut()    // every connection ends, dialling fails
//	link.Mend()   // dialling works again
//
// A connection holds a bounded number of messages each way; a sender waits while
// the buffer is full. All waiting is on channels, so that pipes work in virtual
// time. The package knows nothing of what the messages mean.
package pipe
