package main

import "context"

// mapFan is a Go map of functions: the limit of what can be delivered.
type mapFan struct {
	c     *crowd
	byKey map[string][]func(*item)
	rows  []*item
	heard int
}

func openMapFan(_ context.Context, _ *run, c *crowd) (fan, error) {
	return &mapFan{c: c, byKey: map[string][]func(*item){}}, nil
}

func (f *mapFan) subscribe(_ context.Context, k, _ int) error {
	owner := crowdOwner(k)
	f.byKey[owner] = append(f.byKey[owner], (&listener{fan: f}).hear)
	return nil
}

// listener is a subscriber that keeps the newest score.
type listener struct {
	fan  *mapFan
	last int
}

func (l *listener) hear(it *item) {
	l.last = it.Score
	l.fan.heard++
}

func (f *mapFan) ready() error {
	for k := range f.c.groups() {
		f.rows = append(f.rows, crowdRow(k, 0))
	}
	return nil
}

func (f *mapFan) update(_ context.Context, k int) error {
	row := f.rows[k]
	row.Score ^= 1
	for _, hear := range f.byKey[row.Owner] {
		hear(row)
	}
	return nil
}

func (f *mapFan) settle() error  { return nil }
func (f *mapFan) delivered() int { return f.heard }
func (f *mapFan) close() error   { return nil }

// gridFan keeps ranges in cells of a thousand: the limit for ranges.
type gridFan struct {
	c     *crowd
	cells [][]watched
	rows  []*item
	heard int
}

type watched struct {
	low, high int
	hear      func(*item)
}

const cellWidth = 1000

func openGridFan(_ context.Context, _ *run, c *crowd) (fan, error) {
	return &gridFan{c: c, cells: make([][]watched, c.groups()+1)}, nil
}

func (f *gridFan) subscribe(_ context.Context, k, i int) error {
	low, high := interval(k, i)
	for cell := low / cellWidth; cell <= (high-1)/cellWidth; cell++ {
		f.cells[cell] = append(f.cells[cell], watched{low, high, func(*item) { f.heard++ }})
	}
	return nil
}

func (f *gridFan) ready() error {
	for k := range f.c.groups() {
		f.rows = append(f.rows, crowdRow(k, 0))
	}
	return nil
}

func (f *gridFan) update(_ context.Context, k int) error {
	row := f.rows[k]
	row.Score ^= 1
	for i := range f.cells[row.Score/cellWidth] {
		if w := &f.cells[row.Score/cellWidth][i]; w.low <= row.Score && row.Score < w.high {
			w.hear(row)
		}
	}
	return nil
}

func (f *gridFan) settle() error  { return nil }
func (f *gridFan) delivered() int { return f.heard }
func (f *gridFan) close() error   { return nil }
