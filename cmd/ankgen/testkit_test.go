package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/ankgo/ank/internal/gomodel"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain lets scripts run the command ankgen.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ankgen": main})
}

// repository is the root of this module.
func repository(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return root
}

// newModule makes a module outside this repository that uses it, as a user's
// does, and returns its folder.
func newModule(t testing.TB, path string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	writeModule(t, dir, path)
	return dir
}

// writeModule makes dir such a module.
func writeModule(t testing.TB, dir, path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "go.mod"))
	require.NoError(t, err)
	_, requires, ok := strings.Cut(string(text), "require (")
	require.True(t, ok)
	mod := "module " + path + "\n\ngo 1.26.0\n\n" +
		"tool " + gomodel.ModulePath + "/cmd/ankgen\n\nrequire " + gomodel.ModulePath + " v0.0.0\n\nreplace " + gomodel.ModulePath + " => " + repository(t) + "\n\n" +
		"require (" + requires
	sum, err := os.ReadFile(filepath.Join(repository(t), "go.sum"))
	require.NoError(t, err)
	put(t, dir, "go.mod", []byte(mod))
	put(t, dir, "go.sum", sum)
}

// put writes a file and the folders that it stands in.
func put(t testing.TB, dir, name string, text []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, text, 0o644))
}

// get reads a file.
func get(t testing.TB, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

// ankgen runs the command in this process.
func ankgen(t testing.TB, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), dir, args, &out, &errs)
	return code, out.String(), errs.String()
}

// goTool runs the go command, which must succeed, and returns what it printed.
func goTool(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// goFails runs the go command, which must fail, and returns what it printed.
func goFails(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "go %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// An archive is a golden file: what a package is, and what is made of it.
type archive struct {
	name string // without folder and extension
	path string
	*txtar.Archive
}

// archives reads the golden files that match the pattern.
func archives(t testing.TB, pattern string) []archive {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var out []archive
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		require.NoError(t, err)
		out = append(out, archive{strings.TrimSuffix(filepath.Base(path), ".txtar"), path, a})
	}
	return out
}

// isResult tells whether a file of an archive is what ankgen makes.
func isResult(name string) bool {
	return name == "stderr" || strings.HasSuffix(name, generatedSuffix)
}

// extract writes the sources of an archive below a folder of its name.
func (a archive) extract(t testing.TB, dir string) {
	t.Helper()
	for _, f := range a.Files {
		if !isResult(f.Name) {
			put(t, dir, a.name+"/"+f.Name, f.Data)
		}
	}
}

// check compares the results with those in the archive, or updates them.
func (a archive) check(t *testing.T, results []txtar.File) {
	t.Helper()
	if *update {
		var files []txtar.File
		for _, f := range a.Files {
			if !isResult(f.Name) {
				files = append(files, f)
			}
		}
		a.Files = append(files, results...)
		require.NoError(t, os.WriteFile(a.path, txtar.Format(a.Archive), 0o644))
		return
	}
	want := make(map[string]string)
	for _, f := range a.Files {
		if isResult(f.Name) {
			want[f.Name] = string(f.Data)
		}
	}
	got := make(map[string]string)
	for _, f := range results {
		got[f.Name] = string(f.Data)
	}
	require.Equal(t, want, got, "if this is as it should be: go test ./cmd/ankgen -run %s -update", t.Name())
}
