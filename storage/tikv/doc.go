// Package tikv is the engine for a TiKV cluster: a storage.Engine whose data is spread over
// machines and kept in several copies, by transactions of github.com/tikv/client-go/v2. The
// package is a thin driver; what a key means is the business of storage/kv.
//
//	engine, err := tikv.Open(ctx, tikv.Options{PD: []string{"pd-0:2379", "pd-1:2379"}, System: "shop"})
//	if err != nil { ... }
//	defer engine.Close()
//
// # Commits
//
// A batch is one transaction: optimistic, with one-phase commit where all of it lies in one
// region, or else asynchronous commit where it is small, which take one round trip, and in
// two phases otherwise. It is durable when it returns: the cluster keeps it in several
// copies. Snapshots are timestamps of the placement driver, and see all or nothing of a
// transaction.
//
// Servers may answer at any moment that they are busy, that a region has moved, that a key
// is locked by somebody who has died. The library deals with most of that for as long as
// Options.Patience, and the engine with what remains: a batch that met another one is made
// anew over what is there then, and refused with storage.ErrConflict only if what it compares
// has moved. When the answer to a commit was lost, the log tells whether it was kept. If even
// that cannot be read, or the batch has no entries, the error is storage.ErrUnknown. The
// engine goes on after every error.
//
// # Several processes
//
// Any number of engines may be open over one system, in any processes: each is a
// [storage.Shared]. A transaction begins at the timestamp of what a commit was compared with,
// and writes what was compared: so it conflicts with whoever moved that. Nothing is believed
// that is in memory: a snapshot asks for a timestamp, the version of the catalog and the
// positions of the logs, which takes two round trips, and every record is read from the
// cluster. A commit reads what it is compared with in the second of these. The cluster tells nobody of commits: Watch calls ten times a second, unless there
// are notices.
//
// # Notices
//
// With Options.Notices an engine tells the others over its system of each commit, and hears
// of theirs, by datagrams (UDP) from engine to engine. Then Watch calls within a round trip
// of a commit. All engines of a system should have the option, or none: an engine without it
// tells nobody.
//
// The engines find each other in the cluster, where each writes its address and a random
// secret, which are new whenever it is opened, and every half a minute that it is still
// there. One that has not done so for two minutes, by the placement driver's clock, is
// removed by the others; there is room for 128. Whoever can read the system's keys can send
// datagrams that count, and nobody else: each is authenticated by the receiver's secret
// (HMAC-SHA256), and counts once. It has 68 bytes, says only how often its sender has
// written, and is never answered. All that it does is that the receiver looks at the store.
//
// Datagrams get lost. Each engine sends one every two seconds in any case, which tells of
// all writes before it. While all engines that are listed were heard of within six seconds,
// Watch calls of its own accord once a second, and otherwise ten times: a network that lets
// no datagrams pass, or a place that cannot be had, costs promptness and nothing else. So
// does being late: commits compare with what is stored, and not with what was told.
//
// # Limits of the servers
//
// A transaction of any size is one transaction. Servers take no values over 8 MiB and no
// keys over 8 KiB: values of more than 1 MiB are stored in pieces, and the end of keys of
// more than 4 KiB with their value. To drop an index deletes its entries one by one, in one
// transaction.
//
// # Where writes go
//
// TiKV splits the keys into regions, and neighbours are in the same one. IDs grow with time,
// so that all that is new would go to the region with the end. Records and events are
// therefore kept in eight parts of the key space, by a hash of the entity's ID: what belongs
// to an entity is together, and entities are apart. To read a range of records reads all
// eight parts at the same time, and ahead. Other keys keep their places: the end of a log is
// in one region, but every process that accepts has a log of its own; an index is where its
// values are, and one on a time that only grows has a busy end.
//
// # Long reads
//
// A cluster forgets what was overwritten some time ago, ten minutes as a rule. Of a snapshot
// that is open for more than a minute the placement driver is told every 20 seconds, and its
// garbage collector waits for it. If it did not, as this process could not reach it for five
// minutes, reading fails with [ErrTooOld]. A cluster of which TiDB is no part collects nothing
// on its own account, and grows; see TiKV's documentation of garbage collection.
//
// # FORMAT
//
// All keys of a system begin with "ank/", its name and a byte 0, its folder. A byte follows
// that says what the key is:
//
//	00 'p'          there is, or was, a value in pieces
//	00 'n'          who hears notices; a byte with the number of a place follows
//	01 to 08        records and events; FNV-1a of the entity's ID, h xor h>>15, modulo 8
//	10              all other keys of storage/kv
//	20              pieces: what follows the folder in the key, and 4 bytes of a number
//
// A key of storage/kv of more than 4,096 bytes is cut there, and its SHA-256 follows. A value
// begins with a byte of flags. Bit 0: it is in pieces of 1 MiB, and its length as a varint is
// all that follows. Bit 1: it begins with the length of the whole key as a varint, and the key.
//
// What a place has is no part of the data, and in no copy of it: a timestamp of 8 bytes, in big
// endian as all numbers of the driver; the engine's name of 16 bytes and secret of 32; and its
// address as text, with the length as a varint. Datagrams are described in datagram.go.
//
// # Tests
//
// scripts/tikv runs a command beside a real placement driver and a store that speaks TiKV's
// protocol: unistore, of one process, with one copy. It splits regions in one test only, as
// it cannot be started again then, and speaks to placement drivers in the clear, so that TLS
// was tried with those only. The suite against them shows that the driver is right about the protocol,
// transactions, locks and timestamps; it does not show how a TiKV of many machines behaves,
// and no real TiKV was among the servers that it was tried with. With ANK_TEST_TIKV set to
// the addresses of placement drivers, separated by commas, the same tests run against any
// cluster:
//
//	tiup playground --mode tikv-slim --kv 3 --pd 3      # or a cluster of yours
//	ANK_TEST_TIKV=127.0.0.1:2379 scripts/tikv go test ./storage/tikv
//
// Each test uses a system of its own name, and leaves it behind. Tests of faults start
// servers of their own in any case, kill them, and cut connections to them.
//
// # Logging
//
// The library writes what it has to say to the process's logger of
// github.com/pingcap/log, which prints on standard output until it is told otherwise;
// [Quiet] is one way to do so.
package tikv
