package node_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage/memory"
)

// BenchmarkCreateUnique creates entities with a key of their own, over an index
// that is unique and one that is not.
func BenchmarkCreateUnique(b *testing.B) {
	for _, unique := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "unique"}[unique], func(b *testing.B) {
			x := byISBN
			x.Unique = unique
			s := defineBooks(x)
			collection := entity.NewCollection[BookView, BookMutable](s, bookValues)
			session := openModel(b, s)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tx := session.Begin()
				if _, err := collection.Create(tx, Book{Title: "Emma", ISBN: fmt.Sprintf("978-%09d", i)}); err != nil {
					b.Fatal(err)
				}
				if _, err := tx.Commit(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// openModel opens a node with one model over memory.
func openModel(b *testing.B, s *model.Schema) *node.Session {
	b.Helper()
	engine, err := memory.Open()
	if err != nil {
		b.Fatal(err)
	}
	n, err := node.Open(context.Background(), engine, node.Models(s), node.WithPolicy(node.AllowAll()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := engine.Close(); err != nil {
			b.Error(err)
		}
	})
	return n.Session("prince")
}
