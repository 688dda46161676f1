package eventtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ankgo/ank/event"
)

// Collection is the collection of all events of a History.
const Collection = "things"

// Start is the time of the first event of a History.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A History is a graph of labelled events. It implements [event.Graph]. It is not
// safe for concurrent use while events are added.
type History struct {
	t      testing.TB
	labels []string // in order of ID
	events map[string]*event.Event
	names  map[event.ID]string
}

// New builds the history that script describes.
func New(t testing.TB, script string) *History {
	t.Helper()
	h := &History{t: t, events: make(map[string]*event.Event), names: make(map[event.ID]string)}
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		left, right, linked := strings.Cut(line, "=>")
		precursors := h.split(strings.Trim(strings.TrimSpace(right), "[]"))
		if linked && len(precursors) == 0 {
			t.Fatalf("eventtest: %q names no precursors after =>", line)
		}
		for _, label := range h.split(left) {
			h.Add(label, precursors...)
		}
	}
	return h
}

// Random builds a history of one entity with n events named after their order:
// 0, 1, 2, ... The precursors of each event are the head of up to width events
// picked among the older ones. All randomness comes from rng.
func Random(t testing.TB, rng *rand.Rand, n, width int) *History {
	t.Helper()
	h := New(t, "")
	h.Add("0")
	for i := 1; i < n; i++ {
		var seen event.Head
		for range 1 + rng.IntN(width) {
			seen = append(seen, h.events[h.labels[rng.IntN(len(h.labels))]].ID)
		}
		h.Add(fmt.Sprint(i), h.list(h.HeadOf(seen...))...)
	}
	return h
}

func (h *History) split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// Add adds an event that is younger than all others, and returns it. Without
// precursors it creates an entity.
func (h *History) Add(label string, precursors ...string) *event.Event {
	h.t.Helper()
	if _, taken := h.events[label]; taken {
		h.t.Fatalf("eventtest: label %s is used twice", label)
	}
	e := &event.Event{Collection: Collection, Precursors: h.Head(precursors...)}
	e.ID = h.mint(len(h.labels), e.IsCreation())
	e.Entity = e.ID
	for i, p := range precursors {
		entity := h.Event(p).Entity
		if i > 0 && entity != e.Entity {
			h.t.Fatalf("eventtest: the precursors of %s belong to different entities", label)
		}
		e.Entity = entity
	}
	h.labels = append(h.labels, label)
	h.events[label], h.names[e.ID] = e, label
	return e
}

// mint makes the ID of the n-th event: an update event is the first one of a
// transaction of its own.
func (h *History) mint(n int, creation bool) event.ID {
	var id event.ID
	ms := uint64(Start.UnixMilli()) + uint64(n)
	for i := 5; i >= 0; i-- {
		id[i] = byte(ms)
		ms >>= 8
	}
	if creation {
		id[15] = 0xff
		return id
	}
	return id.Update(1)
}

// Event returns the event with a label. Tests may give it operations and a salt
// before they use it.
func (h *History) Event(label string) *event.Event {
	h.t.Helper()
	e, ok := h.events[label]
	if !ok {
		h.t.Fatalf("eventtest: no event %s; there are %s", label, strings.Join(h.labels, " "))
	}
	return e
}

// ID returns the ID of the event with a label.
func (h *History) ID(label string) event.ID {
	h.t.Helper()
	return h.Event(label).ID
}

// Head returns the head that consists of the labelled events.
func (h *History) Head(labels ...string) event.Head {
	h.t.Helper()
	var ids []event.ID
	for _, l := range labels {
		ids = append(ids, h.ID(l))
	}
	return event.NewHead(ids...)
}

// Events returns all events in ID order.
func (h *History) Events() []*event.Event {
	var all []*event.Event
	for _, l := range h.labels {
		all = append(all, h.events[l])
	}
	return all
}

// Transaction wraps the labelled event into a transaction of its own.
func (h *History) Transaction(label string) *event.Transaction {
	h.t.Helper()
	e := h.Event(label)
	id := e.ID.Transaction()
	if e.IsCreation() {
		id = e.ID.Update(1 << 20).Transaction()
	}
	return &event.Transaction{ID: id, Events: []*event.Event{e}}
}

// Labels names the events with the given IDs in the order given, separated by
// spaces. An ID without a label stands for itself.
func (h *History) Labels(ids ...event.ID) string { return strings.Join(h.list(ids), " ") }

func (h *History) list(ids []event.ID) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		name, ok := h.names[id]
		if !ok {
			name = id.String()
		}
		names = append(names, name)
	}
	return names
}

// Precursors implements [event.Graph].
func (h *History) Precursors(_ context.Context, id event.ID) (event.Head, error) {
	name, ok := h.names[id]
	if !ok {
		return nil, fmt.Errorf("eventtest: no event %v", id)
	}
	return h.events[name].Precursors, nil
}

// String writes the script from which [New] builds an equal history.
func (h *History) String() string {
	var b strings.Builder
	for _, l := range h.labels {
		b.WriteString(l)
		if p := h.events[l].Precursors; len(p) > 0 {
			b.WriteString(" => [" + strings.Join(h.list(p), ", ") + "]")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Ancestors returns the events of a head and all their ancestors.
func (h *History) Ancestors(head ...event.ID) map[event.ID]bool {
	past := make(map[event.ID]bool)
	queue := slices.Clone(head)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if past[id] {
			continue
		}
		past[id] = true
		if name, ok := h.names[id]; ok {
			queue = append(queue, h.events[name].Precursors...)
		}
	}
	return past
}

// HeadOf returns the head of the history that consists of the given events and
// their ancestors.
func (h *History) HeadOf(ids ...event.ID) event.Head {
	inner := make(map[event.ID]bool)
	for _, id := range ids {
		for a := range h.Ancestors(id) {
			if a != id {
				inner[a] = true
			}
		}
	}
	outer := slices.DeleteFunc(slices.Clone(ids), func(id event.ID) bool { return inner[id] })
	return event.NewHead(outer...)
}

// Compare tells by full sets of ancestors how head a stands to head b.
func (h *History) Compare(a, b event.Head) event.Relation {
	pastA, pastB := h.Ancestors(a...), h.Ancestors(b...)
	aHasB, bHasA := holds(pastA, pastB), holds(pastB, pastA)
	switch {
	case aHasB && bHasA:
		return event.Equal
	case aHasB:
		return event.Descends
	case bHasA:
		return event.Ascends
	}
	return event.Concurrent
}

func holds(outer, inner map[event.ID]bool) bool {
	for id := range inner {
		if !outer[id] {
			return false
		}
	}
	return true
}

// Missing returns, by full sets of ancestors and in ascending order, what is in
// the history of want and not in that of have.
func (h *History) Missing(have, want event.Head) []event.ID {
	past := h.Ancestors(have...)
	var missing []event.ID
	for id := range h.Ancestors(want...) {
		if !past[id] {
			missing = append(missing, id)
		}
	}
	slices.SortFunc(missing, event.ID.Compare)
	return missing
}
