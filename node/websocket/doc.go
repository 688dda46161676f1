// Package websocket carries the messages of two nodes over WebSockets (RFC 6455): between programs, and
// between a program and a web page.
//
//	client.Connect(websocket.Dialer("wss://ank.example.com/sync"))
//
//	http.Handle("/sync", &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, r *http.Request) { ... }})
//
// Built for js/wasm, [Dialer] uses the WebSocket of its host, a browser or Node.js, and there is no Handler.
//
// # Format
//
// The subprotocol is named [Protocol]. A frame is messages of the node one after the other, each with its
// length before it, see [wire.AppendFrame]. It travels in pieces of at most a megabyte, each of them a binary
// WebSocket message that begins with the byte 1, or 0 if it is the last piece. Small messages go out together:
// what is sent is held back until Flush, or until there is enough for a frame. Where both sides know permessage-deflate (RFC
// 7692), pieces of at least a kilobyte are compressed, without context from one to the next, so that a
// connection at rest holds no compressor.
//
// # What a peer can do
//
// A frame has at most [wire.MaxFrame] bytes. Once it has begun, each piece must arrive within a minute. Text messages end
// the connection. Pages of other sites are refused by Handler unless they are named, as browsers send
// along what the user is logged in with.
package websocket

// Protocol is the WebSocket subprotocol.
const Protocol = "ank"
