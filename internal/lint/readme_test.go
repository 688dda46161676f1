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

// printedBlock is what the tour says that a program prints.
var printedBlock = regexp.MustCompile("(?ms)^```text\n(.*?)^```")

// TestTheTourRuns follows the README in a module outside the repository: it
// writes the files, generates, runs both programs, and compares what is printed.
func TestTheTourRuns(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	files := namedBlock.FindAllStringSubmatch(string(readme), -1)
	require.Len(t, files, 3, "the tour has a file of models and two programs")
	printed := printedBlock.FindAllStringSubmatch(string(readme), -1)
	require.Len(t, printed, 2, "the tour says what they print")

	dir := t.TempDir()
	for _, file := range files {
		path := filepath.Join(dir, filepath.FromSlash(file[1]))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(file[2]), 0o600))
	}
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, step := range steps(t, string(readme), here) {
		tour(t, dir, step...)
	}
	require.Equal(t, printed[0][1], tour(t, dir, "run", "."))
	require.Equal(t, printed[1][1], tour(t, dir, "run", "./client"))
	require.Contains(t, string(readme), "go vet -vettool=$(go tool -n ankvet) ./...")
	tour(t, dir, "vet", "-vettool="+strings.TrimSpace(tour(t, dir, "tool", "-n", "ankvet")), "./...")
}

// command is a line of the tour that a reader types.
var command = regexp.MustCompile(`(?m)^    go (mod .*|generate .*)$`)

// steps are the tour's commands, with this repository in the place of a checkout.
func steps(t *testing.T, readme, here string) [][]string {
	t.Helper()
	var list [][]string
	for _, found := range command.FindAllStringSubmatch(readme, -1) {
		list = append(list, strings.Fields(strings.ReplaceAll(found[1], "../ank", here)))
	}
	require.Len(t, list, 5, "init, two edits, tidy, generate")
	return list
}

func tour(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s\n%s%s", strings.Join(args, " "), out, stderr.String())
	return string(out)
}
