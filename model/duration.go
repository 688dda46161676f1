package model

import (
	"strings"
	"time"
)

// parseDuration reads what time.ParseDuration does, with weeks and days before
// the rest: "2w", "1d12h". A day has 24 hours.
func parseDuration(text string) (time.Duration, bool) {
	const day = 24 * time.Hour
	rest, sign := text, ""
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest, sign = rest[1:], text[:1]
	}
	var long time.Duration
	for _, unit := range [...]struct {
		name string
		d    time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		digits, after, found := strings.Cut(rest, unit.name)
		if !found {
			continue
		}
		n, ok := wholeNumber(digits)
		if !ok || n > int64((1<<63-1-long)/unit.d) {
			return 0, false
		}
		long += time.Duration(n) * unit.d
		rest = after
	}
	if rest == "" && long == 0 && !strings.ContainsAny(text, "wd") {
		return 0, false
	}
	if rest == "" {
		rest = "0"
	}
	d, err := time.ParseDuration(sign + rest)
	if err != nil || rest[0] == '-' || rest[0] == '+' {
		return 0, false
	}
	if sign == "-" {
		long = -long
	}
	sum := d + long
	if (sum < 0) != (d < 0 || long < 0) && sum != 0 {
		return 0, false // beyond the range
	}
	return sum, true
}

// wholeNumber reads digits.
func wholeNumber(digits string) (n int64, ok bool) {
	for i := range len(digits) {
		if !isDigit(digits[i]) || n > 1<<32 {
			return 0, false
		}
		n = n*10 + int64(digits[i]-'0')
	}
	return n, digits != ""
}
