package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// visitor is a peer of a process.
func (x *town) visitor(p *process) *stranger {
	near, far := pipe.New()
	go func() { _ = p.Serve(x.ctx, far, "bob") }()
	x.Cleanup(func() { _ = near.Close() })
	s := &stranger{T: x.T, ctx: x.ctx, conn: near}
	s.greet(&fixture{T: x.T, ctx: x.ctx, node: p.Node}, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Time: time.Now().UnixMicro()})
	return s
}

// own is a model of one collection with a field of its own.
func own(field string) *model.Schema {
	return model.NewSchema(model.Definition{
		Model: "Shelf", Collection: "shelf",
		Fields: []model.Field{{Name: "f0", Type: model.TypeString}, {Name: field, Type: model.TypeString}},
	})
}

// TestProcessesThatLearnAtOnceJoinTheirModels: none is lost, here or after a restart.
func TestProcessesThatLearnAtOnceJoinTheirModels(t *testing.T) {
	together(t, func(x *town) {
		learning := []*process{}
		for range 3 {
			learning = append(learning, x.open(node.LearnModels()))
		}
		everything := ""
		for round := range 4 {
			done := make(chan struct{})
			for i, p := range learning {
				field := fmt.Sprintf("of%d_%d", i, round)
				everything += field + " = 'x' AND "
				s := x.visitor(p)
				s.define(own(field))
				resume := p.engine.pause()
				s.send(&wire.Fetch{Request: 1, Collection: "shelf", Query: field + " = 'x'"})
				go func() {
					defer func() { done <- struct{}{} }()
					<-time.After(time.Second) // all have prepared theirs by then
					resume()
					require.IsType(t, &wire.Rows{}, s.hear())
				}()
			}
			for range learning {
				<-done
			}
			<-time.After(15 * time.Minute)
		}
		everything += "f0 = 'x'"
		for i, p := range append(learning, x.open(node.LearnModels())) {
			failure := x.visitor(p).fetch(1, "shelf", everything)
			require.Nil(t, failure, "process %d: %v", i, failure)
		}
	})
}

// TestWhatOneProcessLearnsTheOthersTakeOver: unique indexes are enforced by all.
func TestWhatOneProcessLearnsTheOthersTakeOver(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(node.LearnModels()), x.open(node.LearnModels())
		s := x.visitor(a)
		s.define(own("mine"))
		require.Nil(t, s.fetch(1, "shelf", "mine = 'x'"))
		require.Equal(t, wire.CodeNotFound, x.visitor(b).fetch(1, "shelf", "").Code)
		<-time.After(10 * time.Second)
		standing := x.visitor(b)
		require.Nil(t, standing.fetch(1, "shelf", "mine = 'x'"))

		s = x.visitor(a)
		s.define(own("yours"))
		require.Nil(t, s.fetch(1, "shelf", "yours = 'x'"))
		require.Equal(t, wire.CodeClosing, standing.hear().(*wire.Bye).Code)
		require.Nil(t, x.visitor(b).fetch(1, "shelf", "mine = 'x' AND yours = 'x'"))
	})
}
