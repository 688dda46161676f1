package reactor

import (
	"crypto/sha256"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// groups makes the result of a query with SELECT. What a commit does to the rows that match becomes what
// it does to the groups that they are in; a group then is a row of the result like any other, with an ID
// made from what it is grouped by, and its values where others have joined ones. So order, window, change
// sets and subscriptions are those of all results.
//
// Every row counts in exactly one group, under the values that it was put in with, so unlike other
// results this one must be told of every commit exactly once.
type groups struct {
	asked *query.Grouping
	outer *query.Checked // what is asked of the groups, as of rows
	of    *query.Groups
	shown map[string]*storage.Record // by key, those that HAVING lets pass
}

func newGroups(c *query.Checked) *groups {
	return &groups{
		asked: c.Grouping(), outer: c.OfGroups(),
		of: query.NewGroups(c, true), shown: map[string]*storage.Record{},
	}
}

// Groups returns the groups of some rows, as rows of a result of the query, in no order.
func Groups(c *query.Checked, rows []*storage.Record) []*storage.Record {
	return newGroups(c).fill(rows)
}

// shape makes an empty result ready. All groups are kept, in the window or not, so it never runs short.
func (g *groups) shape(r *result) {
	if r.window = newWindow(g.outer); r.window == nil {
		r.window = &window{query: g.outer, limit: unlimited}
	}
	r.window.groups, r.window.complete, r.window.whole = g, true, true
}

// again returns the groups of no rows, for the same query; nil if there is none.
func (g *groups) again() *groups {
	if g == nil {
		return nil
	}
	return &groups{asked: g.asked, outer: g.outer, of: g.of.Again(), shown: map[string]*storage.Record{}}
}

// fill counts the rows that match at first and returns the groups.
func (g *groups) fill(list []*storage.Record) []*storage.Record {
	for _, x := range list {
		g.of.Add(&x.Row)
	}
	shown := make([]*storage.Record, 0, g.of.Len())
	for group := range g.of.All() {
		if x := g.record(group); x != nil {
			g.shown[group.Key()] = x
			shown = append(shown, x)
		}
	}
	return shown
}

// apply counts what a commit did to rows and returns what that does to groups. Without groups it is what
// it does to rows.
func (g *groups) apply(pairs []pair) []pair {
	if g == nil {
		return pairs
	}
	touched := make(map[string]struct{}, 2)
	for i := range pairs {
		if x := pairs[i].before; x != nil {
			touched[g.of.Remove(&x.Row).Key()] = struct{}{}
		}
		if x := pairs[i].after; x != nil {
			touched[g.of.Add(&x.Row).Key()] = struct{}{}
		}
	}
	changed := make([]pair, 0, len(touched))
	for key := range touched {
		if p, ok := g.change(key); ok {
			changed = append(changed, p)
		}
	}
	return changed
}

// change says what became of a group that was touched.
func (g *groups) change(key string) (p pair, ok bool) {
	p.before, p.after = g.shown[key], g.record(g.of.Get(key))
	switch {
	case p.after == nil:
		delete(g.shown, key)
		p.reason = NoMatch
		return p, p.before != nil
	case p.before == nil:
	default:
		p.fields = g.fields(p.before, p.after)
		p.hidden = len(p.fields) == 0 // but its place may be another one
	}
	g.shown[key] = p.after
	return p, true
}

// record is a group as a row of the result; nil if there is none or HAVING does not let it pass.
func (g *groups) record(group *query.Group) *storage.Record {
	if group == nil {
		return nil
	}
	values := []model.Value(group.Row())
	id := groupID(group.Key())
	head := event.Head{id}
	x := &storage.Record{Row: model.Row{ID: id, Head: head, Joined: &values}, Stamp: head.Stamp()}
	if !g.outer.Match(&x.Row) {
		return nil
	}
	return x
}

// groupID identifies a group by what it is grouped by.
func groupID(key string) (id event.ID) {
	sum := sha256.Sum256([]byte(key))
	copy(id[:], sum[:])
	return id
}

// fields implements [differ]: it names the items in which a group changed.
func (g *groups) fields(before, after *storage.Record) []string {
	was, now := g.values(before), g.values(after)
	var names []string
	for i, item := range g.asked.Items() {
		if was[i] != now[i] {
			names = append(names, item.Name)
		}
	}
	return names
}

func (g *groups) values(x *storage.Record) []model.Value {
	return g.asked.Values(*x.Row.Joined)
}
