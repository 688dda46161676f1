package signal

import (
	"errors"
	"strings"
)

// ErrClosed is returned by Wait when the graph is closed.
var ErrClosed = errors.New("signal: graph is closed")

// CycleError says that a Computed depends on itself. Path names the Computeds on the way, each reading
// the next and the last one reading the first; those without a name are "computed".
type CycleError struct{ Path []string }

func (e *CycleError) Error() string {
	return "signal: " + strings.Join(e.Path, " reads ") + " reads " + e.Path[0]
}

// cycle describes the way from a busy node to the one that reads it again. Needs mu.
func (g *Graph) cycle(again *node) *CycleError {
	var e CycleError
	for _, n := range g.path {
		if n != again && len(e.Path) == 0 {
			continue
		}
		name := n.name
		if name == "" {
			name = "computed"
		}
		e.Path = append(e.Path, name)
	}
	return &e
}
