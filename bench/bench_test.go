package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// small is a size at which everything runs in a moment.
var small = size{
	entities: 2000, many: 6000, batch: 100, standing: 200, multitude: 400, events: 5000, replayed: 2000,
	missed: 200, listeners: 100, shelved: 200,
	rounds: 1, limit: 20 * time.Millisecond,
}

// TestMain makes a worker of a process that is to be one.
func TestMain(m *testing.M) {
	if job, ok := os.LookupEnv(workerJob); ok {
		if err := work(context.Background(), job, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// TestEverything runs all groups over little data. The groups check by themselves
// that everybody finds, delivers and folds the same.
func TestEverything(t *testing.T) {
	var out bytes.Buffer
	r := &run{size: small, figures: newFigures(), dir: t.TempDir(), log: &out, servers: findServers()}
	require.NoError(t, r.table(t.Context(), groups(), &out), "%s", &out)

	for _, c := range clauses() {
		_, measured := r.figures.value(c.ours)
		require.Equal(t, r.has(c.ours), measured, "%s %s: nobody measures %s", c.target, c.name, c.ours)
		if _, measured = r.figures.value(c.theirs); c.fixed == 0 {
			require.Equal(t, r.has(c.theirs), measured, "%s %s: %s", c.target, c.name, c.theirs)
		}
	}
	lines := strings.Split(out.String(), "\n")
	for _, line := range lines {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "bench "):
			require.Len(t, words, 4, line)
		case strings.HasPrefix(line, "target "):
			require.Len(t, words, 6, line)
		default:
			require.True(t, line == "" || strings.HasPrefix(line, "#"), line)
		}
	}
	require.NotContains(t, out.String(), r.dir, "paths of the machine are nobody's business")
}

// has reports whether a figure is of somebody who runs in this process, or has a server
// here.
func (r *run) has(figure string) bool {
	name := figure[strings.LastIndex(figure, "/")+1:]
	for _, s := range shelvers() {
		if s.name == name {
			return r.serves(s.server)
		}
	}
	switch {
	case strings.HasPrefix(name, "raw-"), strings.HasPrefix(name, "ank"):
		return true
	default:
		return name == "sqlite" || name == "nats" || name == "memdb"
	}
}

func TestTargetsCovered(t *testing.T) {
	count, names := map[string]int{}, map[string]bool{}
	for _, c := range clauses() {
		count[c.target]++
		require.False(t, names[c.target+c.name], "%s %s occurs twice", c.target, c.name)
		names[c.target+c.name] = true
		require.NotContains(t, c.name, " ")
		require.Positive(t, c.goal)
	}
	for _, target := range []string{"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11", "G12", "G13", "G14", "G15", "G16", "G23"} {
		require.Positive(t, count[target], target)
		delete(count, target)
	}
	require.Empty(t, count)
}

func TestVerdict(t *testing.T) {
	f := newFigures()
	for _, v := range []float64{9, 1, 5} {
		f.add("ours", "ops/s", v)
	}
	f.add("theirs", "ops/s", 10)
	for want, c := range map[string]clause{
		"target G1 a 0.500 >=0.500 met":    {target: "G1", name: "a", ours: "ours", theirs: "theirs", goal: 0.5},
		"target G1 b 0.500 >=0.510 missed": {target: "G1", name: "b", ours: "ours", theirs: "theirs", goal: 0.51},
		"target G1 c 0.500 <=0.500 met":    {target: "G1", name: "c", ours: "ours", theirs: "theirs", goal: 0.5, below: true},
		"target G1 d 0.500 <=0.490 missed": {target: "G1", name: "d", ours: "ours", theirs: "theirs", goal: 0.49, below: true},
		"target G1 e - >=20.0 unmeasured":  {target: "G1", name: "e", ours: "ours", theirs: "nobody", goal: 20},
		"target G1 f - >=20.0 unmeasured":  {target: "G1", name: "f", ours: "nobody", theirs: "theirs", goal: 20},
		"target G1 g 0.0500 <=1.00 met":    {target: "G1", name: "g", ours: "ours", goal: 1, below: true, fixed: 100},
		"target G1 h 2.00 >=1.50 met":      {target: "G1", name: "h", ours: "theirs", theirs: "ours", goal: 1.5},
	} {
		require.Equal(t, want, c.line(f))
	}
}

func TestGroups(t *testing.T) {
	_, err := choose("comit")
	require.ErrorContains(t, err, `no group "comit"`)
	some, err := choose("live,commit")
	require.NoError(t, err)
	require.Equal(t, []string{"live", "commit"}, []string{some[0].name, some[1].name})
	for _, c := range clauses() {
		_, err := choose(c.group())
		require.NoError(t, err, c.name)
	}
}

// TestMulberry compares with numbers that the generator has in JavaScript.
func TestMulberry(t *testing.T) {
	m := mulberry32(42)
	require.Equal(t, []uint32{2581720956, 1925393290, 3661312704}, []uint32{m.next(), m.next(), m.next()})
}

// TestGenerator checks the entities against what the design says of them.
func TestGenerator(t *testing.T) {
	const n = 20_000
	list := entities(n, 1)
	owned, held := map[string]int{}, map[string]int{}
	var compact, asJSON int
	for i := range list {
		e := &list[i]
		b := appendEntity(nil, e.key, &e.Item)
		compact += len(b)
		key, it := decodeEntity(b)
		require.Equal(t, *e, item{key, it})
		owner, status, score := peek(b)
		require.Equal(t, []any{e.Owner, e.Status, e.Score}, []any{string(owner), string(status), score})
		text, err := json.Marshal(struct {
			ID     string `json:"id"`
			Title  string `json:"title"`
			Owner  string `json:"owner"`
			Status string `json:"status"`
			Score  int    `json:"score"`
			Note   string `json:"note"`
		}{e.key, e.Title, e.Owner, e.Status, e.Score, e.Note})
		require.NoError(t, err)
		asJSON += len(text)
		owned[e.Owner]++
		held[e.Status]++
		require.Less(t, e.Score, scores)
		require.Len(t, e.Note, 26)
	}
	require.Equal(t, "e00000000", list[0].key)
	require.InDelta(t, 74.6, float64(compact)/n, 1, "bytes of an entity in the compact form")
	require.InDelta(t, 134, float64(asJSON)/n, 1, "bytes of an entity as JSON")
	require.Len(t, owned, owners)
	require.Len(t, held, statuses)
	require.Equal(t, list, entities(n, 1), "the same every time")

	seen := map[int]bool{}
	for _, u := range updates(n, 100) {
		seen[u.entity] = true
		require.True(t, 0 <= u.score && u.score < scores)
	}
	require.Len(t, seen, 100)
}

func TestModelsAreFresh(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "tool", "ankgen", "-check", "./models").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestSamplesStop(t *testing.T) {
	r := &run{size: small, figures: newFigures()}
	forever := func(context.Context, int) error { return nil }
	for _, writers := range []int{1, 4} {
		n, err := r.sample(t.Context(), measured{name: "endless", unit: "ops/s", writers: writers, do: forever})
		require.NoError(t, err)
		require.Positive(t, n)
		n, err = r.sample(t.Context(), measured{name: "bounded", unit: "ops/s", writers: writers, most: 10, do: forever})
		require.NoError(t, err)
		require.Equal(t, 10, n)
		_, err = r.sample(t.Context(), measured{
			name: "failing", unit: "ops/s", writers: writers,
			do: func(context.Context, int) error { return context.Canceled },
		})
		require.ErrorIs(t, err, context.Canceled)
	}
	_, counted := r.figures.value("failing")
	require.False(t, counted)
}
