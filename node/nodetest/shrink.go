package nodetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mostShrinking bounds the runs for shrinking a schedule.
const mostShrinking = 400

// shrink looks for a part of a schedule's steps that fails too, from which no step can
// be left out, by leaving out ever smaller parts (delta debugging). It returns how many
// runs that took. If the schedule does not fail again, there is no outcome.
func shrink(t *testing.T, app *App, s *Schedule, planted seams) (small *Schedule, why *Outcome, runs int) {
	fails := func(s *Schedule) bool {
		runs++
		o := s.run(t, app, planted)
		if len(o.Failures) == 0 {
			return false
		}
		small, why = s, o
		return true
	}
	for range 3 {
		if fails(s) {
			break
		}
	}
	if why == nil {
		return s, nil, runs
	}
	for size := (len(small.steps) + 1) / 2; size > 0 && runs < mostShrinking; {
		fewer := false
		for from := 0; from < len(small.steps) && runs < mostShrinking; {
			rest := *small
			rest.steps = slices.Concat(small.steps[:from], small.steps[min(from+size, len(small.steps)):])
			if fails(&rest) {
				fewer = true
			} else {
				from += size
			}
		}
		if size == 1 && !fewer {
			break
		}
		size = max(1, min(size/2, len(small.steps)))
	}
	return small, why, runs
}

// only returns the schedule with some of its steps.
func (s *Schedule) only(keep func(number int) bool) *Schedule {
	c := *s
	c.steps = slices.DeleteFunc(slices.Clone(s.steps), func(st step) bool { return !keep(st.number) })
	return &c
}

// list says what happens, step by step.
func (s *Schedule) list(app *App) string {
	var b strings.Builder
	for i := range s.steps {
		fmt.Fprintln(&b, s.steps[i].describe(s, app))
	}
	return b.String()
}

// numbers names the steps as ANK_SIM_STEPS does.
func (s *Schedule) numbers() string {
	var b strings.Builder
	for i := 0; i < len(s.steps); i++ {
		first := s.steps[i].number
		last := first
		for i+1 < len(s.steps) && s.steps[i+1].number == last+1 {
			i++
			last++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		if fmt.Fprint(&b, first); last > first {
			fmt.Fprint(&b, "-", last)
		}
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

func parseNumbers(text string) (map[int]bool, error) {
	numbers := make(map[int]bool)
	if text == "none" {
		return numbers, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil {
			return nil, fmt.Errorf("steps %q are not numbers and ranges: %w", text, err)
		}
		for n := from; n <= min(to, 1<<20); n++ {
			numbers[n] = true
		}
	}
	return numbers, nil
}
