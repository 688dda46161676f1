// Command testreport reads the stream of `go test -json` and prints it for a
// person: a line for each package, the whole output of what failed, what the
// tests reported on lines of their own, and at the end how many tests passed,
// failed and were skipped, with the name of every skip. It exits with 1 when a
// test or a build failed, or none has run, so that `go test -json ./... | testreport` can stand
// for `go test ./...` in the Makefile.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of the stream, as `go doc test2json` describes it.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// report gathers what the closing lines say.
type report struct {
	out                     io.Writer
	passed, failed, skipped int
	skips                   []string
	engines                 []string // that said whether they were exercised
	brokenPackages          int
	output                  map[string][]string // of tests and packages under way
}

// engineLine begins the line in which the tests of an engine say whether it was
// exercised; see internal/enginetest.
const engineLine = "engine: "

func main() {
	r := &report{out: os.Stdout, output: make(map[string][]string)}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	r.close()
	if r.passed == 0 {
		fmt.Fprintln(os.Stderr, "testreport: no test has run")
	}
	if r.passed == 0 || r.failed > 0 || r.brokenPackages > 0 {
		os.Exit(1)
	}
}

// read takes the stream line by line; what is not JSON is printed as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" || strings.HasPrefix(e.Output, "browser node:") {
			fmt.Fprint(r.out, e.Output)
		}
		if strings.HasPrefix(e.Output, engineLine) {
			r.engines = append(r.engines, strings.TrimSpace(strings.TrimPrefix(e.Output, engineLine)))
		}
		r.output[key] = append(r.output[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.closePackage(e, key)
		} else {
			r.closeTest(e, key)
		}
		delete(r.output, key)
	}
}

func (r *report) closeTest(e event, key string) {
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, key)
	case "fail":
		r.failed++
		fmt.Fprint(r.out, strings.Join(r.output[key], ""))
	}
}

func (r *report) closePackage(e event, key string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		r.brokenPackages++
		fmt.Fprint(r.out, strings.Join(r.output[key], ""))
		fmt.Fprintf(r.out, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
	}
}

func (r *report) close() {
	if len(r.engines) > 0 {
		slices.Sort(r.engines)
		fmt.Fprintln(r.out, "engines:", strings.Join(slices.Compact(r.engines), "; "))
	}
	if len(r.skips) == 0 {
		fmt.Fprintln(r.out, "skips: none")
	}
	for _, skip := range r.skips {
		fmt.Fprintln(r.out, "skip:", skip)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}
