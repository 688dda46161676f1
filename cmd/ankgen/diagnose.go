package main

import (
	"cmp"
	"fmt"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// A diagnostic is one finding about a model, at its place in the source.
type diagnostic struct {
	pos     token.Position
	warning bool
	text    string
}

// diagnostics gathers everything that is wrong, so that one run tells it all.
type diagnostics struct {
	list []diagnostic
}

// errorf adds an error: nothing is generated for the package it stands in.
func (d *diagnostics) errorf(pos token.Position, format string, args ...any) {
	d.list = append(d.list, diagnostic{pos: pos, text: fmt.Sprintf(format, args...)})
}

// warnf adds a remark that stops nothing.
func (d *diagnostics) warnf(pos token.Position, format string, args ...any) {
	d.list = append(d.list, diagnostic{pos: pos, warning: true, text: fmt.Sprintf(format, args...)})
}

// failed tells whether there is an error among the findings.
func (d *diagnostics) failed() bool {
	return slices.ContainsFunc(d.list, func(x diagnostic) bool { return !x.warning })
}

// print writes one line per finding in the order of the source, with file names
// relative to dir, the way compilers do.
func (d *diagnostics) print(w io.Writer, dir string) {
	sorted := slices.Clone(d.list)
	slices.SortStableFunc(sorted, func(a, b diagnostic) int {
		return cmp.Or(
			strings.Compare(a.pos.Filename, b.pos.Filename),
			cmp.Compare(a.pos.Line, b.pos.Line),
			cmp.Compare(a.pos.Column, b.pos.Column),
		)
	})
	for _, x := range slices.Compact(sorted) {
		text := strings.Map(printable, strings.ToValidUTF8(x.text, "\ufffd"))
		if x.warning {
			text = "warning: " + text
		}
		if x.pos.IsValid() || x.pos.Filename != "" {
			x.pos.Filename = relative(dir, x.pos.Filename)
			text = x.pos.String() + ": " + text
		}
		fmt.Fprintln(w, text)
	}
}

// printable keeps what a terminal would act on out of messages, which quote tags
// and directives.
func printable(r rune) rune {
	if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// relative is path as seen from dir, or path itself when that is shorter.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	return rel
}
