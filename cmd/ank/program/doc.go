// Package program is the command ank, and what to make one of with models, rules and
// hooks of your own:
//
//	func main() {
//		program.Program{
//			Models:  music.Models(),
//			Options: []node.Option{node.Hooks(noPrehistory)},
//		}.Main()
//	}
//
// Built without models, as cmd/ank is, it takes those of its clients: see
// [node.LearnModels].
//
// # ank serve
//
//	ank serve -store STORE [-listen ADDRESS] [flags]
//
// serves clients over WebSockets, at the path /ank, until it gets SIGTERM or SIGINT.
// Then it stops accepting, tells its clients that it leaves, decides what they have
// handed over, and ends, all within the time that -drain gives. A second signal ends it
// at once. At /health it answers 200 as long as it takes clients and what they write, and
// 503 when the store takes no more writes, which a restart may mend. At more connections
// than -connections says, or half as many as the process may have files open, those who
// come are turned away, and try again.
//
// STORE is memory: (gone when the program ends), pebble:DIR, postgres://... or
// tikv://PD/SYSTEM; see package engines.
//
// Who may connect, and what they may do, is asked for unless only this machine can
// reach the address:
//
//	-tokens FILE    principals and their secret tokens, a pair a line: "ada TOKEN"; # begins a comment
//	-jwt-key FILE   a PEM public key (Ed25519, RSA, P-256) that signs JSON Web Tokens, or
//	                KID=FILE; again for more keys. With -jwt-issuer and -jwt-audience
//	-tls-cert FILE, -tls-key FILE
//	-access FILE    who may read and write which collection: {"albums": {"read": ["*"], "write": ["ada"]}};
//	                who may write brings the collection's model
//	-allow-all      whoever is let in may read and write everything
//	-origin HOST    a web site whose pages may connect, beside the server's own; again for more
//
// On any other address than one of this machine's own the program refuses to start
// without credentials, TLS, and rules. What is to go without says so by name:
// -insecure-anonymous (everybody is let in, as "anonymous") and -insecure-plaintext
// (something in front of it does TLS, or nothing does). On an address of this machine's
// own, and without these flags, everybody on it is let in as "local" and may do
// everything.
//
// # ank restored
//
//	ank restored -store STORE
//
// is for a store that was restored from a backup, before it is served again: clients may have
// seen, and may have made, what came after the backup. The command closes the log of the store,
// and has its node go on under a new origin. Clients then do not wait for what is lost, and
// deliver once more what they had committed, as far as they keep it (the last 1,024 transactions
// of each, or 4 MiB). See node.Node.CloseOrigin. Other servers that replicate with this one have
// what is missing, and bring it.
//
// # ank dump, ank load, ank verify
//
//	ank dump -store STORE [-o FILE] > FILE
//	ank load -store STORE [-i FILE] < FILE
//	ank verify -store STORE
//
// move all of a store from any engine to any other, and check one; no node may have it open.
// A dump has all history, and the node's private keys: keep it as such, and let only one of
// the two stores be served from then on. Load wants a new store. It checks what it reads, and
// goes on where it was when it was interrupted and is given the same dump again. What was
// done, and what comes of it, they say on standard error; the digest is the same as long as
// the content is. Packages dump and verify have the format, and what is checked.
// Verify reads, but for indexes of the program's models that are missing: it builds those.
package program
