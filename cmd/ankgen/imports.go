package main

import (
	"fmt"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"
)

// imports gives names to the packages that a generated file uses. What the
// package itself declares, and the short names of parameters, are never taken.
type imports struct {
	self   *types.Package
	taken  map[string]bool
	byPath map[string]imported
}

type imported struct{ path, name string }

// newImports takes the names that stand at package level.
func newImports(d *description) *imports {
	im := &imports{self: d.types, taken: make(map[string]bool), byPath: make(map[string]imported)}
	for name := range d.declared {
		im.taken[name] = true
	}
	for _, c := range d.claims() {
		im.taken[c.name] = true
	}
	for _, local := range localNames {
		im.taken[local] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		im.taken[string(c)] = true
	}
	return im
}

// localNames are the longer parameters and variables of generated code.
var localNames = []string{"ctx", "row", "schema"}

// use is the name by which the file calls the package at importPath, whose own
// name is own.
func (im *imports) use(importPath, own string) string {
	if i, ok := im.byPath[importPath]; ok {
		return i.name
	}
	name := own
	if im.taken[name] {
		name = "ank" + own
	}
	for n := 2; im.taken[name]; n++ {
		name = own + strconv.Itoa(n)
	}
	im.taken[name] = true
	im.byPath[importPath] = imported{importPath, name}
	return name
}

// std is use for a package whose name is the last part of its path.
func (im *imports) std(importPath string) string { return im.use(importPath, path.Base(importPath)) }

// typeText writes a type as the generated file has to.
func (im *imports) typeText(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == im.self || p.Path() == im.self.Path() {
			return ""
		}
		return im.use(p.Path(), p.Name())
	})
}

// text is the import declaration. Paths without a dot in their first part come
// first: the standard library, by the rule that goimports has.
func (im *imports) text() string {
	var std, others []string
	for _, i := range im.byPath {
		line := strconv.Quote(i.path)
		if i.name != path.Base(i.path) {
			line = i.name + " " + line
		}
		if first, _, _ := strings.Cut(i.path, "/"); strings.Contains(first, ".") {
			others = append(others, i.path+"\x00"+line)
		} else {
			std = append(std, i.path+"\x00"+line)
		}
	}
	var b strings.Builder
	b.WriteString("import (\n")
	for i, group := range [][]string{std, others} {
		slices.Sort(group)
		if i > 0 && len(std) > 0 {
			b.WriteString("\n")
		}
		for _, entry := range group {
			_, line, _ := strings.Cut(entry, "\x00")
			fmt.Fprintf(&b, "\t%s\n", line)
		}
	}
	b.WriteString(")\n")
	return b.String()
}
