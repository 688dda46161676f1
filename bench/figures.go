package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
)

// figures are what was measured, by name: samples, of which the median counts.
// Safe for concurrent use.
type figures struct {
	mu     sync.Mutex
	list   []*figure
	byName map[string]*figure
}

type figure struct {
	name, unit string
	samples    []float64
}

func newFigures() *figures { return &figures{byName: map[string]*figure{}} }

// add notes a sample.
func (f *figures) add(name, unit string, value float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.byName[name]
	if known == nil {
		known = &figure{name: name, unit: unit}
		f.byName[name] = known
		f.list = append(f.list, known)
	}
	known.samples = append(known.samples, value)
}

// value returns the median of the samples; false if there are none.
func (f *figures) value(name string) (float64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.byName[name]
	if known == nil {
		return 0, false
	}
	return median(known.samples), true
}

func median(samples []float64) float64 {
	s := slices.Sorted(slices.Values(samples))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// print writes the figures from the given one on, in the order in which they
// were first measured, and returns how many there are now.
func (f *figures) print(w io.Writer, from int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.list[from:] {
		fmt.Fprintf(w, "bench %s %s %s\n", x.name, significant(median(x.samples)), x.unit)
	}
	return len(f.list)
}

// significant writes a number with three significant digits, and all digits
// before the point.
func significant(v float64) string {
	digits := 0
	for x := v; x < 100 && x > 0 && digits < 6; x *= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
