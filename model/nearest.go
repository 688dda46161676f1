package model

import "strings"

// Nearest returns the one of among that name is most likely a typo of: the same
// but for case, or else with the fewest characters changed, added, left out or
// swapped with their neighbour, at most one in three, or else one that begins
// with it. It returns "" if none is near; of equally near names the first.
func Nearest(name string, among []string) string {
	wanted := []rune(strings.ToLower(name))
	best, least := "", len(wanted)/3+1
	if len(wanted) < 3 {
		least = 2
	}
	for _, candidate := range among {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		got := []rune(strings.ToLower(candidate))
		if d := editDistance(wanted, got, least); d < least && d < len(got) {
			best, least = candidate, d
		}
	}
	if best == "" && len(wanted) >= 3 {
		best = beginning(string(wanted), among)
	}
	return best
}

// beginning is the first of among that begins with prefix, "" if none does.
func beginning(prefix string, among []string) string {
	for _, candidate := range among {
		if strings.HasPrefix(strings.ToLower(candidate), prefix) {
			return candidate
		}
	}
	return ""
}

// editDistance counts the edits between a and b; it may give up at limit.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	// Three rows of the usual table: the present one and the two before it.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
