// Package memory is a storage engine that keeps everything on the heap: the
// engine of package kv over copy-on-write B-trees. It serves ephemeral nodes,
// browsers, tests and examples.
//
//	engine, err := memory.Open()
//	defer engine.Close()
//
// What is written lives as long as the Store does. Open makes a store of
// its own, which is gone when the engine is closed. A Store that the caller
// made outlives its engines: opening it again is a restart, and Clone is the
// image a crash would have left behind.
//
//	store := memory.NewStore()
//	engine, err := store.Open(ctx, kv.Options{})
//	...
//	engine.Close()
//	engine, err = store.Open(ctx, kv.Options{}) // everything is still there
//
// Snapshots cost one small copy of tree roots; writing after one was taken
// copies the tree nodes on the path of each changed key, once per snapshot.
//
// The package knows nothing of entities, keys or files, and starts no goroutine.
package memory
