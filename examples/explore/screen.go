package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/ankgo/ank/entity"
)

// kept is a live query that is kept on the screen: a list that change sets are
// put into as they come.
type kept[V any] struct {
	text    string
	live    *entity.Live[V]
	row     func(V) []string
	sets    chan entity.ChangeSet[V]
	stop    func()
	list    []V
	started bool
}

// watch follows a live query.
func watch[V any](ctx context.Context, text string, live *entity.Live[V], row func(V) []string) *kept[V] {
	k := &kept[V]{text: text, live: live, row: row, sets: make(chan entity.ChangeSet[V])}
	ctx, cancel := context.WithCancel(ctx)
	done := live.Watch(ctx, func(set entity.ChangeSet[V]) {
		select {
		case k.sets <- set:
		case <-ctx.Done():
		}
	})
	k.stop = func() { cancel(); done() }
	return k
}

func (k *kept[V]) close() {
	k.stop()
	k.live.Close()
}

// refresh takes in change sets until the list is the result, and prints what they
// say. After a commit a durable node's result is current, and the sets that lead to
// it are on their way.
func (k *kept[V]) refresh(ctx context.Context, out io.Writer) error {
	for !k.started || !k.current() {
		select {
		case set := <-k.sets:
			k.take(out, set)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// current reports whether the list shows what the result does.
func (k *kept[V]) current() bool {
	if k.live.Items().Len() != len(k.list) {
		return false
	}
	for i, v := range k.live.Items().All() {
		if !slices.Equal(k.row(v), k.row(k.list[i])) {
			return false
		}
	}
	return true
}

func (k *kept[V]) take(out io.Writer, set entity.ChangeSet[V]) {
	if !k.started {
		k.started = true
		var t table
		for _, c := range set.Changes {
			t.add(k.row(c.Item))
			k.list = append(k.list, c.Item)
		}
		fmt.Fprintf(out, "live: %s\n", k.text)
		t.print(out, "  ")
		return
	}
	k.list = patch(k.list, set)
	if len(set.Changes) > 0 {
		fmt.Fprintf(out, "live: %s\n", k.text)
	}
	var t table
	for _, c := range set.Changes {
		what := c.Kind.String()
		if c.Kind == entity.Removed {
			what += ", " + c.Reason.String()
		}
		t.add(append([]string{fmt.Sprintf("%s %s", place(c.OldIndex, c.Index), what)}, k.row(c.Item)...))
	}
	t.print(out, "  ")
}

func place(from, to int) string {
	switch {
	case from < 0:
		return fmt.Sprintf("-> %d", to)
	case to < 0:
		return fmt.Sprintf("%d ->", from)
	}
	return fmt.Sprintf("%d -> %d", from, to)
}

// patch applies a change set to a list: what left or moved is taken out, from the
// end, then what came or moved is put in, from the beginning.
func patch[V any](list []V, set entity.ChangeSet[V]) []V {
	changes := slices.Clone(set.Changes)
	slices.SortFunc(changes, func(a, b entity.Change[V]) int { return b.OldIndex - a.OldIndex })
	for _, c := range changes {
		if c.Kind == entity.Removed || c.Kind == entity.Moved {
			list = slices.Delete(list, c.OldIndex, c.OldIndex+1)
		}
	}
	slices.SortFunc(changes, func(a, b entity.Change[V]) int { return a.Index - b.Index })
	for _, c := range changes {
		switch c.Kind {
		case entity.Added, entity.Moved:
			list = slices.Insert(list, c.Index, c.Item)
		case entity.Updated:
			list[c.Index] = c.Item
		}
	}
	return list
}
