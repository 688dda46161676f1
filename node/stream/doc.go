// Package stream carries the messages of two nodes over any stream of bytes: a TCP or Unix socket,
// TLS, a pair of pipes, the standard input and output of a process.
//
//	client.Connect(stream.Dialer("tcp", "ank.example.com:7425", config))
//
//	l, err := net.Listen("tcp", ":7425")
//	err = stream.Serve(ctx, tls.NewListener(l, config), func(ctx context.Context, c wire.Conn) { ... })
//
// Several listeners are served by as many calls of [Serve]. To end them all, end ctx, or
// close the node first, so that peers are told why: the calls of Serve return when the
// last connection has ended.
//
// [New] makes a connection of a stream that is there already.
//
// # Format
//
// A stream is frames one after the other, in both directions. A frame begins with a number, a shortest
// base-128 varint: twice its length in bytes, and one more if it is compressed with DEFLATE (RFC 1951).
// What follows are those bytes. Uncompressed, they are messages, each with its length before it: see
// [wire.AppendFrame].
//
// Small messages go out together: what is sent is held back until Flush, or until there is enough for
// a frame. Frames of at least a kilobyte are compressed where that makes them a tenth smaller.
//
// # What a peer can do
//
// A frame has at most [wire.MaxFrame] bytes, before and after it is expanded. Memory for it is taken as
// it arrives, not as its length promises. Once one has begun, every quarter of a megabyte of it must arrive
// within a minute. That a peer sends nothing at all is for the node to notice, not for the carrier.
//
// # TLS
//
// [Dialer] and [Serve] take any configuration of crypto/tls. Where there is no authority for certificates,
// [Pinned] makes one that knows peers by their keys, in both directions if it is used on both sides:
// [NewCertificate] makes a key, and [PinOf] is what the other side must know of it.
package stream
