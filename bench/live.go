package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// crowd is a case of workload W3: so many standing queries, of which some hear of
// each update. The queries stand in groups, as many in each as matches, and every
// group watches one row: that of the owner b-k, whose scores lie between
// 1000 k + 400 and 1000 k + 600.
type crowd struct {
	group string // live or live-1m
	size  string // for the name
	n     int
	match int
	sort  string // equal, distinct, range or and
}

func (c *crowd) groups() int { return max(c.n/c.match, 1) }

func (c *crowd) figure(who string) string {
	return fmt.Sprintf("%s/%s-%s-%d/%s", c.group, c.sort, c.size, c.match, who)
}

func (c *crowd) bytesFigure(who string) string {
	sort := ""
	if c.sort != "equal" {
		sort = c.sort + "-"
	}
	return fmt.Sprintf("%s/bytes-%s%s-%d/%s", c.group, sort, c.size, c.match, who)
}

// crowdOwner is the owner of a group's row.
func crowdOwner(k int) string { return fmt.Sprintf("b-%d", k) }

// crowdRow is the row of a group. Its two versions differ in their score.
func crowdRow(k, version int) *item {
	it := &item{key: fmt.Sprintf("e%08d", k)}
	it.Title, it.Note = "a title of two dozen let.", "a note of twenty-six chars"
	it.Owner, it.Status, it.Score = crowdOwner(k), statusName(k%statuses), 1000*k+500+version
	return it
}

// interval is what the i-th query of a group that asks for ranges asks for. All
// of a group are different and hold the group's row.
func interval(k, i int) (low, high int) { return 1000*k + i, 1000*k + 1000 - i }

// fan delivers updates to standing queries.
type fan interface {
	// subscribe adds the i-th query of the k-th group.
	subscribe(ctx context.Context, k, i int) error
	// ready is called when all are there.
	ready() error
	// update changes the row of a group. Unless settle is needed, it returns when
	// everybody has heard of it.
	update(ctx context.Context, k int) error
	// settle waits until everybody has heard of everything.
	settle() error
	// delivered is how often somebody has heard of something.
	delivered() int
	close() error
}

// audience is somebody who takes part in W3.
type audience struct {
	name  string
	sorts []string // of crowds
	many  bool     // takes part with a million queries too
	open  func(ctx context.Context, r *run, c *crowd) (fan, error)
}

func audiences() []audience {
	equal := []string{"equal"}
	return []audience{
		{"raw-map", equal, true, openMapFan},
		{"raw-grid", []string{"range"}, true, openGridFan},
		{"nats", equal, false, openNATSFan},
		{"memdb", equal, false, openMemDBFan},
		{"ank", []string{"equal", "distinct", "range", "and"}, true, openReactorFan},
		{"ank-node", equal, false, openNodeFan},
	}
}

func (r *run) crowds() []crowd {
	few, many := max(r.standing/100, 1), r.standing
	return []crowd{
		{"live", "1", 1, 1, "equal"},
		{"live", "1k", few, 1, "equal"},
		{"live", "1k", few, 100, "equal"},
		{"live", "1k", few, 100, "distinct"},
		{"live", "1k", few, 1, "range"},
		{"live", "1k", few, 100, "range"},
		{"live", "1k", few, 1, "and"},
		{"live", "100k", many, 1, "equal"},
		{"live", "100k", many, 100, "equal"},
		{"live", "100k", many, 100, "distinct"},
		{"live", "100k", many, 1, "range"},
		{"live", "100k", many, 100, "range"},
		{"live", "100k", many, 1, "and"},
	}
}

// multitudes are the crowds of a million.
func (r *run) multitudes() []crowd {
	return []crowd{
		{"live-1m", "1m", r.multitude, 1, "equal"},
		{"live-1m", "1m", r.multitude, 100, "distinct"},
		{"live-1m", "1m", r.multitude, 1, "range"},
	}
}

// liveGroup measures W3.
func liveGroup(ctx context.Context, r *run) error { return r.watchAll(ctx, r.crowds(), audiences()) }

// multitudeGroup measures W3 with a million standing queries, which not everybody
// can stand.
func multitudeGroup(ctx context.Context, r *run) error {
	some := slices.DeleteFunc(audiences(), func(a audience) bool { return !a.many })
	return r.watchAll(ctx, r.multitudes(), some)
}

// watchAll measures crowds. They are too large to stand side by side: one would
// slow down the other's garbage collection. So everybody has all samples of a case
// in a row.
func (r *run) watchAll(ctx context.Context, crowds []crowd, field []audience) error {
	for _, c := range crowds {
		for _, a := range field {
			if !a.takes(&c) || !r.wants(c.figure(a.name), c.bytesFigure(a.name)) {
				continue
			}
			if err := r.watch(ctx, &c, &a); err != nil {
				return fmt.Errorf("%s: %w", c.figure(a.name), err)
			}
		}
	}
	return nil
}

func (a *audience) takes(c *crowd) bool {
	for _, s := range a.sorts {
		if s == c.sort {
			return true
		}
	}
	return false
}

// watch gathers a crowd, measures the bytes that it takes, and updates rows.
func (r *run) watch(ctx context.Context, c *crowd, a *audience) (err error) {
	f, err := a.open(ctx, r, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	before := heap()
	for k := range c.groups() {
		for i := range c.match {
			if err := f.subscribe(ctx, k, i); err != nil {
				return err
			}
		}
	}
	if err := f.settle(); err != nil {
		return err
	}
	r.weigh(c, a, heap()-before)
	if err := f.ready(); err != nil {
		return err
	}
	if err := c.rouse(ctx, f); err != nil {
		return err
	}
	return r.updates(ctx, c, a, f)
}

// weigh notes the bytes of a standing query that nobody has woken yet. A few
// queries weigh nothing beside everything else.
func (r *run) weigh(c *crowd, a *audience, bytes int64) {
	if n := c.groups() * c.match; n >= 100 {
		r.figures.add(c.bytesFigure(a.name), "bytes", float64(bytes)/float64(n))
	}
}

// rouse updates every row once. What somebody makes when a query first matches is
// made then, and not while the time runs.
func (c *crowd) rouse(ctx context.Context, f fan) error {
	for k := range c.groups() {
		if err := f.update(ctx, k); err != nil {
			return err
		}
	}
	return f.settle()
}

func (r *run) updates(ctx context.Context, c *crowd, a *audience, f fan) error {
	rng := mulberry32(updateSeed)
	for range r.rounds {
		was := f.delivered()
		done, err := r.sample(ctx, measured{
			name: c.figure(a.name), unit: "updates/s", limit: r.short(), settle: f.settle,
			do: func(ctx context.Context, _ int) error { return f.update(ctx, rng.below(c.groups())) },
		})
		if err != nil {
			return err
		}
		if heard := f.delivered() - was; heard != done*c.match {
			return fmt.Errorf("%d updates were delivered %d times instead of %d", done, heard, done*c.match)
		}
	}
	return nil
}
