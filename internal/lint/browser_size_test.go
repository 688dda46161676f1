//go:build !race

package lint

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/require"
)

// The race detector has nothing to find here and makes the compressors ten times
// slower: `make check` runs this file, `make test` does not.

// browserBudget bounds a page's node in bytes after brotli: the whole program
// below, which opens a node over memory and uses every room. The design wants
// 1,100,000; this is what it takes, and 2 % more, so that it does not grow
// unseen. Measured with Go 1.26, an empty program takes 470,000; one with fmt and
// time 680,000; with Ed25519 as well 770,000. Two fifths of everything is data,
// most of it what Go notes of every function and call for its collector and its
// stack traces, so every line of code counts nearly twice.
//
// A page that is built with -gcflags=all=-l, without inlining, is a tenth smaller
// and slower, and brotli's level 11 takes off another eighth.
const browserBudget = 1_900_000

// browserProgram links what a page with a live query links.
const browserProgram = `package main

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage/memory"
)

func main() {
	ctx := context.Background()
	engine, err := memory.Open()
	if err != nil {
		panic(err)
	}
	n, err := node.Open(ctx, engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		panic(err)
	}
	session := n.Session("page")
	live, err := music.Albums.Query(ctx, session, "year > ? ORDER BY year LIMIT 10", 1985)
	if err != nil {
		panic(err)
	}
	fmt.Println(live.Items().Len())
}
`

// TestBrowserSize builds that program and reports its size, raw and compressed.
func TestBrowserSize(t *testing.T) {
	dir, err := os.MkdirTemp(root, "browser-size-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	source := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(source, []byte(browserProgram), 0o600))
	binary := filepath.Join(t.TempDir(), "page.wasm")
	goTool(t, jsEnv, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./"+filepath.Base(dir))

	raw, err := os.ReadFile(binary)
	require.NoError(t, err)
	zipped, pressed := gzipped(t, raw), brotlied(t, raw)
	fmt.Printf("browser node: %d bytes, %d gzip, %d brotli (budget %d)\n", len(raw), zipped, pressed, browserBudget)
	require.LessOrEqual(t, pressed, browserBudget, "a page's node has outgrown its budget: see what was pulled in with go list -deps")
}

func gzipped(t *testing.T, raw []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(raw)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Len()
}

func brotlied(t *testing.T, raw []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, 9)
	_, err := w.Write(raw)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Len()
}
