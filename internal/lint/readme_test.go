package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// namedBlock is a file of the tour: its name, then its code.
var namedBlock = regexp.MustCompile("(?ms)^`([a-z/]+\\.go)`:\n\n```go\n(.*?)^```")

// printedBlock is what the tour says that its program prints.
var printedBlock = regexp.MustCompile("(?ms)^```text\n(.*?)^```")

// TestTheTourRuns follows the README in a module outside the repository: it
// writes the files, generates, runs, and compares what is printed.
func TestTheTourRuns(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	files := namedBlock.FindAllStringSubmatch(string(readme), -1)
	require.Len(t, files, 2, "the tour has a file of models and a program")
	printed := printedBlock.FindStringSubmatch(string(readme))
	require.NotNil(t, printed, "the tour says what it prints")

	dir := t.TempDir()
	for _, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file[1]))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(file[2]), 0o600))
	}
	module(t, dir)
	tour(t, dir, "generate", "./...")
	require.Equal(t, printed[1], tour(t, dir, "run", "."))
}

// module makes dir a module that uses this repository as it stands here, with
// the versions of other modules that it uses.
func module(t *testing.T, dir string) {
	t.Helper()
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	text := strings.Replace(string(mod), "module "+modulePath, "module example.com/shop", 1) +
		"\nrequire " + modulePath + " v0.0.0\nreplace " + modulePath + " => " + here + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600))
}

func tour(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s\n%s%s", strings.Join(args, " "), out, stderr.String())
	return string(out)
}
