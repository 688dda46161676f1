package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txt, each in a module of its own that uses
// this one, as a user's does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			writeModule(t, env.WorkDir, "example.com/records")
			for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOTOOLCHAIN", "GOROOT"} {
				if value, ok := os.LookupEnv(name); ok {
					env.Setenv(name, value)
				}
			}
			env.Setenv("GOFLAGS", "-mod=mod")
			env.Setenv("GOPROXY", "off")
			env.Setenv("GONOSUMDB", "*")
			return nil
		},
	})
}
