package storage_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// A batch says what it was built on; the engine names what has moved since.
func ExampleConflictError() {
	engine, err := memory.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	origin := event.Origin{0xC0, 0xFF, 0xEE}
	err = engine.Commit(context.Background(), &storage.Batch{
		Expect: []event.Position{{Origin: origin, Seq: 7}},
	})
	var conflict *storage.ConflictError
	if errors.As(err, &conflict) {
		fmt.Println(conflict.Positions[0].Found.Seq)
	}
	fmt.Println(err)
	// Output:
	// 0
	// conflict: log c0ffee00 is at 0, not at 7
}

// Checked reports the first broken rule, here as an error of the caller's.
func ExampleChecked() {
	engine, err := memory.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	checked := storage.Checked(engine).OnViolation(func(v *storage.Violation) { fmt.Println(v) })
	snapshot, err := checked.Snapshot(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := checked.Close(); err != nil {
		fmt.Println(err)
	}
	snapshot.Close()
	// Output:
	// storage contract broken by the caller in Close: all snapshots are closed before the engine; still open: 1
	// storage was closed with snapshots still open: 1
}
