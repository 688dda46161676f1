package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// The exit codes.
const (
	exitOK    = 0
	exitWrong = 1 // errors in models, or a generated file that is not as it should be
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ankgen:", err)
		os.Exit(exitWrong)
	}
	code := run(ctx, dir, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `usage: ankgen [-check] [packages]

Ankgen generates the views, handles and collections of the models in the
packages, the one in this folder by default. It writes one file into each:
<package>_ank.go. With -check it writes nothing and fails if it would.

See go doc github.com/ankgo/ank/cmd/ankgen for tags and directives.
`

// run is the command, as seen from dir. It returns the exit code.
func run(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("ankgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	check := flags.Bool("check", false, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	for _, p := range patterns {
		if strings.HasSuffix(p, ".go") {
			fmt.Fprintf(stderr, "ankgen: %s is a file: name its package, or nothing for the one in this folder\n", p)
			return exitUsage
		}
	}
	g := &generator{dir: dir, stdout: stdout, check: *check}
	if err := g.run(ctx, patterns); err != nil {
		fmt.Fprintln(stderr, "ankgen:", err)
		return exitWrong
	}
	g.diag.print(stderr, dir)
	if g.diag.failed() {
		return exitWrong
	}
	switch {
	case g.check:
		fmt.Fprintf(stdout, "checked %d models in %d packages\n", g.models, g.packages)
	case g.models == 0:
		fmt.Fprintln(stderr, "ankgen: no models here: put //ank:model directly above a struct")
	}
	return exitOK
}

// A generator is one run over some packages.
type generator struct {
	dir    string
	stdout io.Writer
	check  bool
	diag   diagnostics

	models, packages int // that were described
}

// run generates or checks every package. Findings go to diag; the error is for
// what stops the whole run.
func (g *generator) run(ctx context.Context, patterns []string) error {
	folders, err := find(ctx, g.dir, patterns, &g.diag)
	if err != nil {
		return err
	}
	list, err := load(ctx, g.dir, folders)
	if err != nil {
		return err
	}
	sources := newSources(list)
	for i, f := range folders {
		var diag diagnostics
		d := describe(f, list[i], sources, &diag)
		if !diag.failed() {
			if err := g.finish(d, &diag); err != nil {
				return err
			}
		}
		g.diag.list = append(g.diag.list, diag.list...)
	}
	return nil
}

// finish writes or checks the file of a package without errors, and removes
// what earlier runs wrote under another name.
func (g *generator) finish(d *description, diag *diagnostics) error {
	keep := ""
	if len(d.models) > 0 {
		g.models += len(d.models)
		g.packages++
		keep = d.folder.target()
		text, err := emit(d)
		if err != nil {
			return err
		}
		if err := g.file(d, text, diag); err != nil {
			return err
		}
	}
	for _, name := range d.folder.generated {
		if name == keep {
			continue
		}
		if err := g.remove(filepath.Join(d.folder.dir, name), diag); err != nil {
			return err
		}
	}
	return nil
}

// file writes the generated file or, in a check, says why it would have to.
func (g *generator) file(d *description, text []byte, diag *diagnostics) error {
	path := filepath.Join(d.folder.dir, d.folder.target())
	old, err := os.ReadFile(path)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case err != nil && !missing:
		return err
	case !missing && !isGenerated(path, old):
		diag.errorf(token.Position{Filename: path, Line: 1, Column: 1},
			"the file was not written by ankgen, which would replace it: rename or remove it")
		return nil
	case same(old, text):
		return nil
	case g.check:
		return explain(d, path, old, text, diag)
	}
	evolve(d, old, diag)
	if err := write(path, text); err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "wrote %s\n", relative(g.dir, path))
	return nil
}

// remove deletes a generated file that nothing in the package asks for.
func (g *generator) remove(path string, diag *diagnostics) error {
	if g.check {
		diag.errorf(token.Position{Filename: path, Line: 1, Column: 1}, "no model asks for this file: %s", regenerate)
		return nil
	}
	fmt.Fprintf(g.stdout, "removed %s\n", relative(g.dir, path))
	return os.Remove(path)
}
