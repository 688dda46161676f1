package main

import (
	"context"
	"errors"
	"fmt"
)

// supplier has entities, and gives them to receivers over loopback.
type supplier interface {
	// receiver makes one that has nothing yet, and is not connected.
	receiver(ctx context.Context, deflate bool) (receiver, error)
	// change updates entities.
	change(ctx context.Context, list []update) error
	close() error
}

// receiver is a client of a supplier.
type receiver interface {
	// get connects, and returns when what was lacking has come.
	get(ctx context.Context) error
	// received is how many bytes have come over its connections.
	received() int64
	// leave ends the connection.
	leave(ctx context.Context) error
	// check compares what is there with the scores that there should be.
	check(scores []int) error
	close() error
}

// way is one way to get something.
type way struct {
	name    string
	from    supplier
	deflate bool
	shared  bool // somebody else stays connected who has the same
}

// stage has everybody supply as many entities.
type stage struct {
	ank       *ankSupplier
	suppliers []supplier
	ways      []way
	scores    []int
	round     int
}

// syncGroup measures W4 but for fanning out.
func syncGroup(ctx context.Context, r *run) error {
	r.say("sync: TCP over loopback for all, NATS too; the server's store is Pebble, a client's is in memory")
	if r.wantsSome("first", "history", "missed-100k") {
		if err := r.transfer(ctx, r.entities, "missed-100k"); err != nil {
			return err
		}
	}
	if r.wantsSome("missed-10k") {
		if err := r.transfer(ctx, r.missed, "missed-10k"); err != nil {
			return err
		}
	}
	return r.propagation(ctx)
}

func syncFigure(what, measure, who string) string { return "sync/" + what + "/" + measure + "/" + who }

// wantsSome reports whether any figure of some cases is asked for.
func (r *run) wantsSome(whats ...string) bool {
	for _, what := range whats {
		for _, who := range []string{"ank", "ank-deflate", "ank-shared", "raw-ws", "raw-ws-deflate", "nats"} {
			for _, measure := range []string{"time", "bytes", "rate"} {
				if r.wants(syncFigure(what, measure, who)) {
					return true
				}
			}
		}
	}
	return false
}

// transfer measures what it takes to get n entities and, later, what has become of
// them. Of all entities it measures the first load and the whole log as well.
func (r *run) transfer(ctx context.Context, n int, missed string) (err error) {
	s, err := r.openStage(ctx, n)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	if n == r.entities {
		for range r.rounds {
			if err := r.first(ctx, s); err != nil {
				return err
			}
		}
		if err := r.history(ctx, s.ank); err != nil {
			return err
		}
	}
	if !r.wantsSome(missed) {
		return nil
	}
	return r.catchUp(ctx, s, missed)
}

func (r *run) openStage(ctx context.Context, n int) (*stage, error) {
	s := &stage{scores: make([]int, n)}
	for i := range s.scores {
		s.scores[i] = r.data()[i].Score
	}
	var err error
	if s.ank, err = openAnkSupplier(ctx, r, r.data()[:n]); err != nil {
		return s, err
	}
	s.enter(s.ank, "ank", true)
	s.ways = append(s.ways, way{name: "ank-shared", from: s.ank, shared: true})
	raw, err := openRawSupplier(s.ank, r.data()[:n])
	if err != nil {
		return s, err
	}
	s.enter(raw, "raw-ws", true)
	nats, err := openNATSSupplier(ctx, r, r.data()[:n])
	if err != nil {
		return s, err
	}
	s.enter(nats, "nats", false)
	return s, nil
}

func (s *stage) enter(x supplier, name string, deflates bool) {
	s.suppliers = append(s.suppliers, x)
	s.ways = append(s.ways, way{name: name, from: x})
	if deflates {
		s.ways = append(s.ways, way{name: name + "-deflate", from: x, deflate: true})
	}
}

func (s *stage) close() error {
	var err error
	for _, x := range s.suppliers {
		err = errors.Join(err, x.close())
	}
	return err
}

// first takes one sample, of everybody, of what a new client needs to get all.
func (r *run) first(ctx context.Context, s *stage) error {
	for _, w := range s.ways {
		if !r.wants(syncFigure("first", "time", w.name), syncFigure("first", "bytes", w.name)) {
			continue
		}
		c, err := w.from.receiver(ctx, w.deflate)
		if err == nil {
			err = errors.Join(r.get(ctx, "first", &w, c, s.scores), c.close())
		}
		if err != nil {
			return fmt.Errorf("first load of %s: %w", w.name, err)
		}
	}
	return nil
}

// get measures how a receiver gets what it lacks.
func (r *run) get(ctx context.Context, what string, w *way, c receiver, scores []int) (err error) {
	if w.shared {
		other, err := w.from.receiver(ctx, w.deflate)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, other.close()) }()
		if err := other.get(ctx); err != nil {
			return err
		}
	}
	who, before := w.name, c.received()
	if _, err := r.clocked(syncFigure(what, "time", who), func() error { return c.get(ctx) }); err != nil {
		return err
	}
	if name := syncFigure(what, "bytes", who); r.wants(name) {
		r.figures.add(name, "bytes", float64(c.received()-before))
	}
	return errors.Join(c.check(scores), c.leave(ctx))
}

// catchUp measures what clients need that have everything and were cut off for some
// changes.
func (r *run) catchUp(ctx context.Context, s *stage, what string) (err error) {
	var clients []receiver
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.close())
		}
	}()
	for _, w := range s.ways {
		c, err := w.from.receiver(ctx, w.deflate)
		if err != nil {
			return err
		}
		clients = append(clients, c)
		if err := errors.Join(c.get(ctx), c.leave(ctx)); err != nil {
			return fmt.Errorf("%s before %s: %w", w.name, what, err)
		}
	}
	for range r.rounds {
		if err := s.change(ctx, r); err != nil {
			return err
		}
		for i, w := range s.ways {
			if err := r.get(ctx, what, &w, clients[i], s.scores); err != nil {
				return fmt.Errorf("%s of %s: %w", what, w.name, err)
			}
		}
	}
	return nil
}

// change has everybody make the changes of a round. However many entities there are,
// as many of them are changed, and as often.
func (s *stage) change(ctx context.Context, r *run) error {
	list := updates(r.missed, r.entities)
	place := make(map[int]int, len(list))
	for i := range list {
		u := &list[i]
		if len(s.scores) < r.entities {
			if _, known := place[u.entity]; !known {
				place[u.entity] = len(place)
			}
			u.entity = place[u.entity]
		}
		u.score = (u.score + s.round) % scores
		s.scores[u.entity] = u.score
	}
	s.round++
	for _, x := range s.suppliers {
		if err := x.change(ctx, list); err != nil {
			return err
		}
	}
	return nil
}
