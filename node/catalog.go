package node

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/ankgo/ank/model"
)

// catalog is what models a node knows, by collection. Who looks something up waits
// for nobody; there is one writer at a time (learner.busy).
type catalog struct {
	known atomic.Pointer[map[string]*model.Schema]
}

func newCatalog(known map[string]*model.Schema) *catalog {
	c := new(catalog)
	c.known.Store(&known)
	return c
}

// of returns the schema of a collection, nil if it is not known.
func (c *catalog) of(collection string) *model.Schema { return (*c.known.Load())[collection] }

// all returns the schemas, in the order of their collections' names.
func (c *catalog) all() []*model.Schema {
	known := *c.known.Load()
	list := make([]*model.Schema, 0, len(known))
	for _, name := range slices.Sorted(maps.Keys(known)) {
		list = append(list, known[name])
	}
	return list
}

// put adds schemas, or replaces those of their collections, all at once.
func (c *catalog) put(list ...*model.Schema) {
	known := maps.Clone(*c.known.Load())
	for _, s := range list {
		known[s.Collection()] = s
	}
	c.known.Store(&known)
}
