package node_test

import (
	"context"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// engines are those that a node can have here, each of them new and empty.
func engines() map[string]func(context.Context) (storage.Engine, error) {
	return map[string]func(context.Context) (storage.Engine, error){
		"memory": func(context.Context) (storage.Engine, error) { return memory.Open() },
	}
}
