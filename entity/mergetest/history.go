package mergetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ankgo/ank/event"
)

// A History is one entity's events, and what a network may make of them.
type History struct {
	Collection string
	Entity     event.ID
	Events     []*event.Event // the honest history, in ID order
	Twins      []*event.Event // other events with IDs of the history
	Erased     []*event.Event // copies of any of them that lack values
}

// All returns the whole of it.
func (h *History) All() []*event.Event { return slices.Concat(h.Events, h.Twins, h.Erased) }

// Label names an event: A is the creation event, B the next one in ID order.
func (h *History) Label(id event.ID) string {
	i, ok := slices.BinarySearchFunc(h.Events, id, func(e *event.Event, id event.ID) int { return e.ID.Compare(id) })
	if !ok {
		return id.String()
	}
	if i < 26 {
		return string(rune('A' + i))
	}
	return fmt.Sprintf("%c%d", 'A'+i%26, i/26)
}

// String writes one event a line: label, operations, precursors.
func (h *History) String() string {
	var b strings.Builder
	h.write(&b, "", h.Events)
	h.write(&b, "twin ", h.Twins)
	h.write(&b, "erased ", h.Erased)
	return b.String()
}

func (h *History) write(b *strings.Builder, what string, events []*event.Event) {
	for _, e := range events {
		fmt.Fprintf(b, "  %s%s:", what, h.Label(e.ID))
		for i := range e.Ops {
			b.WriteString(" " + describe(&e.Ops[i]))
		}
		if len(e.Precursors) > 0 {
			b.WriteString(" =>")
		}
		for _, p := range e.Precursors {
			b.WriteString(" " + h.Label(p))
		}
		b.WriteByte('\n')
	}
}

func describe(op *event.Operation) string {
	switch {
	case op.Kind == event.OpDelete:
		return "delete"
	case op.Kind == event.OpUndelete:
		return "undelete"
	case op.Erased != nil:
		return fmt.Sprintf("%s%s=erased(%d)", op.Field, op.Path, op.Kind)
	}
	return fmt.Sprintf("%s%s=%x(%d)", op.Field, op.Path, op.Value, op.Kind)
}
