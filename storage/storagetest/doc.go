// Package storagetest is the conformance suite of storage engines: the rules of
// package storage, each as a named case that says, when it fails, what an engine
// does instead.
//
//	func TestEngine(t *testing.T) {
//		storagetest.Run(t, storagetest.Options{
//			New: func(t testing.TB) storagetest.Store {
//				dir := t.TempDir()
//				return storagetest.Store{
//					Open:    func(ctx context.Context) (storage.Engine, error) { return mine.Open(ctx, dir) },
//					Reopens: true,
//				}
//			},
//		})
//	}
//
// # What is tested
//
// [Cases] lists all of them. Those named after a topic (commit, state, events, log,
// select, references, register, build, snapshot, lifecycle, failure) break one rule each in the
// ways in which engines have broken it: keys that sort in another order than
// values, entries left behind in an index, half a batch, a snapshot that moves.
// The random case plays a long game of commits, refusals, new indexes and
// reopenings with the engine and with [Naive], and compares everything: cursor,
// logs, events, records, meta, and the results of random queries under every
// plan.
//
// What an engine can do beyond the contract is declared in [Store]: that data
// survives, that a second opening is refused, how to crash. Cases for what is not
// declared are not run, and Run says which.
//
// All cases use [storage.Checked], so a broken rule shows where it happens and not
// only where it hurts.
//
// # What is not tested
//
// That data really reaches a disk: Crash is as good as the store's own
// simulation. Time and space: benchmarks are with the engines. Engines of several
// processes over one store.
//
// # Repeating a failure
//
// Random cases draw from one source, seeded by Options.Seed; a failure names
// it, with the options that repeat it.
//
// # Testing the suite
//
// [Mutants] are engines with one defect each, planted by a wrapper around a good
// one; [RunMutants] fails if the suite does not notice one of them. Whoever adds a
// rule adds the mutant that breaks it.
//
// [World] makes batches as a node would, and is of use in other tests too.
package storagetest
