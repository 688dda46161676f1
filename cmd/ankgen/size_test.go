package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxLinesPerField is what one more field may cost in the generated file.
const maxLinesPerField = 15

// marginTypes are the types whose cost is measured.
var marginTypes = []string{
	"bool", "int", "uint8", "float32", "string", "[]byte", "time.Time", "time.Duration", "Genre", "Grade", "model.JSON",
	"model.Ref[Artist]", "*bool", "*int", "*string", "*[]byte", "*time.Time", "*time.Duration", "*Genre", "*Grade", "*model.Ref[Artist]",
}

// marginSource has a model for every type, with n fields of it.
func marginSource(n int, validate bool) string {
	var b strings.Builder
	b.WriteString("package margin\n\nimport (\n\t\"time\"\n\n\t\"github.com/ankgo/ank/model\"\n)\n\n" +
		"var _ time.Time\n\ntype Genre string\n\ntype Grade int8\n\n//ank:model\ntype Artist struct{ Name string }\n")
	for i, t := range marginTypes {
		fmt.Fprintf(&b, "\n//ank:model\ntype Album%c struct {\n", 'A'+i)
		for _, name := range []string{"Artist", "Composer", "Year"}[:n] {
			fmt.Fprintf(&b, "\t%s %s\n", name, t)
		}
		b.WriteString("}\n")
		if validate {
			fmt.Fprintf(&b, "\nfunc (a Album%c) Validate() error { return nil }\n", 'A'+i)
		}
	}
	return b.String()
}

var (
	sectionStart = regexp.MustCompile(`^var (album[A-Z])Schema =`)
	guardStart   = regexp.MustCompile(`^\t_ = func\(s (Album[A-Z])\) struct`)
)

// linesPerModel counts the lines of a generated file by the model they are for.
func linesPerModel(text string) map[string]int {
	out := make(map[string]int)
	current := ""
	for line := range strings.Lines(text) {
		if m := sectionStart.FindStringSubmatch(line); m != nil {
			current = m[1]
		} else if m := guardStart.FindStringSubmatch(line); m != nil {
			current = strings.ToLower(m[1][:1]) + m[1][1:]
		}
		out[current]++
	}
	return out
}

// TestLinesPerField counts what a second and a third field of every type cost.
func TestLinesPerField(t *testing.T) {
	dir := newModule(t, "margin.example")
	for n := 1; n <= 3; n++ {
		put(t, dir, fmt.Sprintf("plain%d/margin.go", n), []byte(marginSource(n, false)))
		put(t, dir, fmt.Sprintf("valid%d/margin.go", n), []byte(marginSource(n, true)))
	}
	code, _, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitOK, code, stderr)
	for _, kind := range []string{"plain", "valid"} {
		before := linesPerModel(get(t, dir, kind+"1/margin_ank.go"))
		for n := 2; n <= 3; n++ {
			after := linesPerModel(get(t, dir, fmt.Sprintf("%s%d/margin_ank.go", kind, n)))
			for i, typ := range marginTypes {
				model := fmt.Sprintf("album%c", 'A'+i)
				cost := after[model] - before[model]
				t.Logf("%s: field %d of %s costs %d lines", kind, n, typ, cost)
				require.Positive(t, cost)
				require.LessOrEqual(t, cost, maxLinesPerField, "%s: %s", kind, typ)
			}
			before = after
		}
	}
}
