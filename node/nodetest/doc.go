// Package nodetest runs an application's nodes through whatever may happen to them, and
// holds what they say and store against what Ank promises and what the application
// expects. It is a kit for tests: those of this repository, and those of applications.
//
// Servers and clients are real nodes over real engines. Time is virtual
// (testing/synctest), so that a week of trouble takes milliseconds. Network, disks and
// clocks are simulated, and what goes wrong with them is made from a seed:
//
//   - machines crash, at any write to their disk, and lose what was not synced; they
//     crash again while they recover; nodes are closed and opened again
//   - connections break, with some of what is under way, and one end or both hear of it
//   - lines are cut; a partition parts the machines into two
//   - lines fall silent, in one direction or both, and nobody is told
//   - messages take from a millisecond to seconds; those on several connections overtake
//     each other, and what a client delivers again after a reconnect arrives twice
//   - writes to disks take up to a second, so that everything else happens meanwhile
//   - clocks are minutes apart, gain and lose, and jump
//
// # Testing an application
//
// An [App] is what the application brings: its models, its hooks and policy, actions of
// its users, queries, and invariants. The kit decides who acts when, on which node, and
// what goes wrong. [Run] is the whole test:
//
//	func TestBank(t *testing.T) {
//		nodetest.Run(t, &nodetest.App{
//			Models:     bank.Models(),
//			Servers:    []node.Option{node.Hooks(bank.Limits)},
//			Actions:    []nodetest.Action{{Name: "transfer", Do: transfer}},
//			Queries:    []nodetest.Query{{Schema: bank.Entries.Schema(), Text: "ORDER BY account LIMIT 10"}},
//			Invariants: []nodetest.Invariant{{Name: "money neither comes nor goes", Check: balanced}},
//		}, nodetest.Options{}, 200)
//	}
//
// An action commits a transaction and returns its receipt. All that it chooses comes
// from the source of randomness that it is given; it may use no other, no goroutines
// that outlive it, and nothing outside the simulation, such as files, sockets, and
// channels and timers that were made before it began.
//
// # What is checked
//
// The application's invariants are checked now and then, on all nodes, while everything
// goes on. After the last step all faults end, and everything has to come to rest: all
// durable nodes have the same logs, all outboxes are empty, all live queries complete.
// Then these must hold:
//
//   - replicas are equal: the logs, the history of every entity, and the states, byte by
//     byte
//   - every write that was acknowledged is where the receipt says, however often the node
//     has crashed since
//   - everything that a client had in its outbox was accepted, and is where the receipt
//     says, or rejected, with a reason, and is nowhere
//   - every live query shows what a fetch does, and so does who has only followed its
//     change sets; every client reads what the servers hold
//   - what is stored is the fold of the logs
//   - the past is made of whole transactions, the same on all nodes, and all of it is the
//     present; the application's invariants hold in it
//   - nobody has broken the contract of package storage, no node has complained while its
//     disk worked, and no goroutine is left over
//
// # When it fails
//
// The failure names the seed. The schedule, which is a list of steps, is shrunk: steps are
// left out as long as the rest still fails. What remains is printed, with the command that
// runs it again and prints what happened, message by message:
//
//	ANK_SIM_SEED=30 ANK_SIM_STEPS=3,17-18 ANK_SIM_TRACE=1 go test -run '^TestBank$'
//
// A step depends on the seed and its own number only, so that it does the same whatever
// else was left out.
//
// # What a seed decides, and what not
//
// Who acts and when, every fault, every delay, every random bit in keys, IDs and salts
// come from the seed, and no two messages or disk writes take effect at the same moment.
// What the seed does not decide is how the goroutines inside a node are interleaved
// between two moments: Go's scheduler, select and maps choose by themselves. Of the kit's
// own seeds about 95 of 100 give the same trace when they are run again, down to the
// bytes of every message; the others differ in the order of some messages. A failure
// that depends on such an order may need several runs; it is said if a failure did not
// come again when its schedule was shrunk.
package nodetest
