package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestGenerate compares what is generated with testdata/gen/*.txtar. All
// archives become packages of one module, which is then compiled and vetted; a
// program among them is run and checks itself.
func TestGenerate(t *testing.T) {
	dir := newModule(t, "golden.example")
	list := archives(t, "testdata/gen/*.txtar")
	for _, a := range list {
		a.extract(t, dir)
	}
	code, _, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitOK, code, stderr)
	messages := byFolder(stderr)
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			results := generatedFiles(t, filepath.Join(dir, a.name))
			if text := messages[a.name]; text != "" {
				results = append(results, txtar.File{Name: "stderr", Data: []byte(text)})
			}
			a.check(t, results)
		})
	}
	goTool(t, dir, "vet", "./...")
	for _, a := range list {
		for _, f := range a.Files {
			if f.Name == "main.go" {
				t.Run(a.name+"/run", func(t *testing.T) {
					require.Equal(t, "ok\n", goTool(t, dir, "run", "./"+a.name))
				})
			}
		}
	}
	code, stdout, stderr := ankgen(t, dir, "-check", "./...")
	require.Equal(t, exitOK, code, stderr)
	require.Regexp(t, `^checked \d+ models in \d+ packages\n$`, stdout)
}

// generatedFiles reads what was written below a folder.
func generatedFiles(t *testing.T, dir string) []txtar.File {
	t.Helper()
	var out []txtar.File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, generatedSuffix) {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out = append(out, txtar.File{Name: filepath.ToSlash(rel), Data: []byte(get(t, dir, rel))})
		return err
	})
	require.NoError(t, err)
	return out
}

// byFolder sorts messages by the first folder of their position, which is cut off.
func byFolder(text string) map[string]string {
	out := make(map[string]string)
	for line := range strings.Lines(text) {
		folder, rest, _ := strings.Cut(line, "/")
		out[folder] += rest
	}
	return out
}

// TestErrors compares what ankgen says of packages with mistakes with
// testdata/err/*.txtar.
func TestErrors(t *testing.T) {
	dir := newModule(t, "golden.example")
	list := archives(t, "testdata/err/*.txtar")
	for _, a := range list {
		a.extract(t, dir)
	}
	code, _, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitWrong, code, stderr)
	messages := byFolder(stderr)
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			require.NotEmpty(t, messages[a.name])
			a.check(t, []txtar.File{{Name: "stderr", Data: []byte(messages[a.name])}})
			require.Empty(t, generatedFiles(t, filepath.Join(dir, a.name)), "a package with errors was generated")
			delete(messages, a.name)
		})
	}
	require.Empty(t, messages)
}
