package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/ankgo/ank"

// root is the repository's folder: tests run in the folder of their package.
const root = "../.."

// goPackage is what the rules need of `go list -json`.
type goPackage struct {
	ImportPath   string
	Name         string
	Dir          string
	Doc          string
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

// room is the package's path below the module, "" for others' packages.
func (p goPackage) room() string { return roomOf(p.ImportPath) }

func roomOf(importPath string) string {
	room, ok := strings.CutPrefix(importPath, modulePath+"/")
	if !ok {
		return ""
	}
	return room
}

// list runs `go list -json` with the environment added and returns what it names.
func list(t *testing.T, env []string, args ...string) []goPackage {
	t.Helper()
	out := goTool(t, env, append([]string{"list", "-e", "-json=ImportPath,Name,Dir,Doc,Imports,GoFiles,TestGoFiles,XTestGoFiles"}, args...)...)
	var packages []goPackage
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// goTool runs the go command at the repository's root and returns what it printed.
func goTool(t *testing.T, env []string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "go %s\n%s%s", strings.Join(args, " "), stderr.String(), stdout.String())
	return stdout.Bytes()
}

// goFiles calls visit with the path and text of every Go file of the
// repository that a person wrote: no testdata, nothing generated.
func goFiles(t *testing.T, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || name == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_ank.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), string(text))
		return nil
	})
	require.NoError(t, err)
}
