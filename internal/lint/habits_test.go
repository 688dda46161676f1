package lint

import (
	"regexp"
	"strings"
	"testing"
)

// habits are patterns that must not stand in Go files, with what to do instead.
var habits = []struct {
	name, instead string
	pattern       *regexp.Regexp
	tests         bool // looked for in test files only
	code          bool // looked for outside test files only
}{
	{
		name: "time.Sleep in a test", tests: true,
		pattern: regexp.MustCompile(`\btime\.Sleep\(`),
		instead: "wait for a signal, or run the test in testing/synctest",
	},
	{
		name: "an init function", code: true,
		pattern: regexp.MustCompile(`(?m)^func init\(\)`),
		instead: "pass what is registered as a value",
	},
	{
		name:    "a note without an owner",
		pattern: regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`),
		instead: "do it, or open an issue",
	},
	{
		name:    "a skipped test",
		tests:   true,
		pattern: regexp.MustCompile(`\.(Skip|Skipf|SkipNow)\(`),
		instead: "make the test run everywhere; a build constraint says where it cannot",
	},
}

func TestHabits(t *testing.T) {
	goFiles(t, func(path, text string) {
		isTest := strings.HasSuffix(path, "_test.go")
		for _, h := range habits {
			if h.tests && !isTest || h.code && isTest {
				continue
			}
			if at := h.pattern.FindStringIndex(text); at != nil {
				line := 1 + strings.Count(text[:at[0]], "\n")
				t.Errorf("%s:%d: %s: %s", path, line, h.name, h.instead)
			}
		}
	})
}

// maxLines is where a file has surely outgrown its story; most stay below half.
const maxLines = 600

func TestFilesTellOneStory(t *testing.T) {
	goFiles(t, func(path, text string) {
		if lines := strings.Count(text, "\n"); lines > maxLines && !strings.HasSuffix(path, "_test.go") {
			t.Errorf("%s has %d lines (limit %d): split it by concept", path, lines, maxLines)
		}
	})
}
