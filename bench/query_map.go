package main

import (
	"context"
	"slices"
)

// mapQuerier keeps the entities in Go's own structures: the limit of what can be
// resident. Without indexes it looks at all of them.
type mapQuerier struct {
	all      []item
	byOwner  map[string][]*item // nil: without indexes
	byStatus map[string][]*item // by score
	byScore  []*item
}

func newMapQuerier(all []item, indexed bool) *mapQuerier {
	q := &mapQuerier{all: all}
	if !indexed {
		return q
	}
	q.byOwner, q.byStatus = map[string][]*item{}, map[string][]*item{}
	for i := range all {
		q.byScore = append(q.byScore, &all[i])
		q.byOwner[all[i].Owner] = append(q.byOwner[all[i].Owner], &all[i])
	}
	slices.SortStableFunc(q.byScore, scoreOrder)
	for _, e := range q.byScore {
		q.byStatus[e.Status] = append(q.byStatus[e.Status], e)
	}
	return q
}

func scoreOrder(a, b *item) int { return a.Score - b.Score }

func (q *mapQuerier) get(_ context.Context, seen *seen, i int) error {
	seen.item(&q.all[i])
	return nil
}

// where shows all entities that a function selects.
func (q *mapQuerier) where(seen *seen, selected func(e *item) bool) error {
	for i := range q.all {
		if e := &q.all[i]; selected(e) {
			seen.item(e)
		}
	}
	return nil
}

func (q *mapQuerier) eq(_ context.Context, seen *seen, owner string) error {
	if q.byOwner == nil {
		return q.where(seen, func(e *item) bool { return e.Owner == owner })
	}
	for _, e := range q.byOwner[owner] {
		seen.item(e)
	}
	return nil
}

func (q *mapQuerier) span(_ context.Context, seen *seen, low, high int) error {
	if q.byOwner == nil {
		return q.where(seen, func(e *item) bool { return low <= e.Score && e.Score < high })
	}
	at, _ := slices.BinarySearchFunc(q.byScore, low, func(e *item, score int) int { return e.Score - score })
	for ; at < len(q.byScore) && q.byScore[at].Score < high; at++ {
		seen.item(q.byScore[at])
	}
	return nil
}

func (q *mapQuerier) and(_ context.Context, seen *seen, owner, status string) error {
	if q.byOwner == nil {
		return q.where(seen, func(e *item) bool { return e.Owner == owner && e.Status == status })
	}
	for _, e := range q.byOwner[owner] {
		if e.Status == status {
			seen.item(e)
		}
	}
	return nil
}

func (q *mapQuerier) top(_ context.Context, seen *seen, status string, limit int) error {
	if q.byOwner != nil {
		list := q.byStatus[status]
		for i := len(list) - 1; i >= max(0, len(list)-limit); i-- {
			seen.item(list[i])
		}
		return nil
	}
	var best ranking
	for i := range q.all {
		if e := &q.all[i]; e.Status == status {
			best.offer(e.Score, i, limit)
		}
	}
	for _, b := range best {
		seen.item(&q.all[b.at])
	}
	return nil
}

func (q *mapQuerier) close() error { return nil }

// ranking keeps the greatest scores, the greatest first.
type ranking []struct{ score, at int }

// offer puts a score into its place, if it is among the first limit.
func (r *ranking) offer(score, at, limit int) {
	list := *r
	if len(list) == limit && list[limit-1].score >= score {
		return
	}
	i := len(list)
	for i > 0 && list[i-1].score < score {
		i--
	}
	if len(list) == limit {
		list = list[:limit-1]
	}
	*r = slices.Insert(list, i, struct{ score, at int }{score, at})
}
