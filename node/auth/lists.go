package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/node"
)

// Everybody stands for every principal in the lists of an [Access].
const Everybody node.Principal = "*"

// Access says who may read a collection and who may write to it. Those who may write may not read on that
// account. Who may write brings the collection's model to a server that learns models.
type Access struct{ Read, Write []node.Principal }

// Lists is a policy: the access to each collection, by its name. Whoever is on no list may do nothing. It must
// not be changed once it is used.
type Lists map[string]Access

var _ node.Definer = Lists(nil)

var (
	errRead  = errors.New("not on the list of those who may read")
	errWrite = errors.New("not on the list of those who may write")
)

// Read implements node.Policy.
func (l Lists) Read(_ context.Context, p node.Principal, collection string) error {
	if !has(l[collection].Read, p) {
		return errRead
	}
	return nil
}

// Accept implements node.Policy. Who wrote a transaction must be allowed to write to each of its collections. What
// hooks add to it is the node's own, and not judged.
func (l Lists) Accept(_ context.Context, a *node.Acceptance) error {
	for _, c := range a.Changes {
		if !c.Added && !has(l[c.Event.Collection].Write, a.Principal) {
			return errWrite
		}
	}
	return nil
}

// Define implements node.Definer. Who may write to a collection may bring its model.
func (l Lists) Define(_ context.Context, d *node.Definition) error {
	if !has(l[d.Collection].Write, d.Principal) {
		return errWrite
	}
	return nil
}

func has(list []node.Principal, p node.Principal) bool {
	return slices.Contains(list, Everybody) || slices.Contains(list, p)
}
