package main

import (
	"fmt"
	"io"
	"strings"
)

// verdict says what became of a clause: the ratio, if both figures were
// measured, and met, missed or unmeasured.
func (c *clause) verdict(f *figures) (ratio float64, word string) {
	ours, have := f.value(c.ours)
	theirs, measured := f.value(c.theirs)
	if c.fixed > 0 {
		theirs, measured = c.fixed, true
	}
	if !have || !measured || theirs == 0 {
		return 0, "unmeasured"
	}
	ratio = ours / theirs
	if c.below && ratio <= c.goal || !c.below && ratio >= c.goal {
		return ratio, "met"
	}
	return ratio, "missed"
}

// line is the clause's line of the table.
func (c *clause) line(f *figures) string {
	sign := ">="
	if c.below {
		sign = "<="
	}
	ratio, word := c.verdict(f)
	shown := "-"
	if word != "unmeasured" {
		shown = significant(ratio)
	}
	return fmt.Sprintf("target %s %s %s %s%s %s", c.target, c.name, shown, sign, significant(c.goal), word)
}

// group is the group of workloads that the clause is about.
func (c *clause) group() string {
	group, _, _ := strings.Cut(c.ours, "/")
	return group
}

// judge prints the lines of the clauses that are about the groups that ran, and
// how many were met.
func judge(w io.Writer, f *figures, ran []group) {
	count := map[string]int{}
	for _, c := range clauses() {
		for _, g := range ran {
			if g.name == c.group() {
				_, word := c.verdict(f)
				count[word]++
				fmt.Fprintln(w, c.line(f))
			}
		}
	}
	fmt.Fprintf(w, "# clauses: %d met, %d missed, %d unmeasured\n", count["met"], count["missed"], count["unmeasured"])
}
