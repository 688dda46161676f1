package query_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
)

// grammar is the EBNF of the package comment: what a name stands for, as
// alternatives of sequences.
type grammar map[string]node

// A node is a piece of the grammar: what it consists of, by its kind: a word, a name,
// a sequence (s), alternatives (|), an option ([) or a repetition ({).
type node struct {
	kind  byte
	text  string
	nodes []node
}

// spelled are the names whose meaning the grammar gives in letters, or in words.
var spelled = map[string][]string{
	"name":      {"year", "genre", "a_b", "x1", `"select"`, `"a""b"`, "first", "rank"},
	"digits":    {"0", "12"},
	"number":    {"5", "+1", "-2.5e3", "1.0"},
	"string":    {"'x'", "'it''s'", "''"},
	"bytes":     {"x'00fF'"},
	"json":      {`json'{"a": [1, null]}'`},
	"whole":     {"3"},
	"parameter": {"?"},
}

// grammarOf reads the grammar.
func grammarOf(t *testing.T) grammar {
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(source), "Names are exact.\n")
	text, _, _ = strings.Cut(text, "// Comparisons do not chain")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "//", " "), "whole number", "whole")
	tokens := regexp.MustCompile(`"[^"]+"|'[^']+'|[a-z]+|[][{}()|=.]`).FindAllString(text, -1)
	g := grammar{}
	for i := 0; i < len(tokens); {
		name := tokens[i]
		require.Equal(t, "=", tokens[i+1], name)
		i += 2
		g[name] = alternatives(tokens, &i)
		require.Equal(t, ".", tokens[i], name)
		i++
	}
	require.Greater(t, len(g), 15, "where is the grammar?")
	return g
}

func alternatives(tokens []string, i *int) node {
	n := node{kind: '|', nodes: []node{{kind: 's'}}}
	for ; ; *i++ {
		last := &n.nodes[len(n.nodes)-1].nodes
		switch token := tokens[*i]; token[0] {
		case '.', ')', ']', '}':
			return n
		case '|':
			n.nodes = append(n.nodes, node{kind: 's'})
		case '(', '[', '{':
			*i++
			*last = append(*last, node{kind: token[0], nodes: []node{alternatives(tokens, i)}})
		case '"', '\'':
			*last = append(*last, node{kind: 'w', text: token[1 : len(token)-1]})
		default:
			*last = append(*last, node{kind: 'n', text: token})
		}
	}
}

// sentence appends the words of a random sentence. depth bounds it.
func (g grammar) sentence(rng *rand.Rand, n node, depth int, out []string) []string {
	switch n.kind {
	case 'w':
		return append(out, n.text)
	case 'n':
		if words, ok := spelled[n.text]; ok {
			return append(out, words[rng.IntN(len(words))])
		}
		if depth == 0 && slices.Contains([]string{"operand", "predicate", "comparison", "sum"}, n.text) {
			return append(out, "year")
		}
		return g.sentence(rng, g[n.text], max(depth-1, 0), out)
	case '|':
		return g.sentence(rng, n.nodes[rng.IntN(len(n.nodes))], depth, out)
	case 's', '(':
		for _, x := range n.nodes {
			out = g.sentence(rng, x, depth, out)
		}
		return out
	}
	for times := rng.IntN(5) - 2; times > 0; times-- {
		if out = g.sentence(rng, n.nodes[0], depth, out); n.kind == '[' {
			break
		}
	}
	return out
}

// TestGrammar: whatever the grammar of the package comment makes is a query, as far as
// its syntax goes; but for literals in ORDER BY.
func TestGrammar(t *testing.T) {
	g := grammarOf(t)
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		words := g.sentence(rng, g["query"], 8, nil)
		text := strings.Join(words, " ")
		text = strings.NewReplacer(" . ", ".", " [ ", "[", " ]", "]").Replace(text)
		_, err := query.Parse(text)
		var e *query.Error
		if errors.As(err, &e) && e.Kind == query.Syntax && !strings.HasPrefix(e.Reason, "expected a column to order by") {
			require.NoError(t, err, "%s\nseed %d", e.Caret(), seed)
		}
	}
}
