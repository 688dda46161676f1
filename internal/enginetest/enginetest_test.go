package enginetest_test

import (
	"os"

	"github.com/ankgo/ank/internal/enginetest"
)

// tests are those of some engine, and pass.
type tests struct{}

func (tests) Run() int { return 0 }

func ExampleMain() {
	os.Unsetenv("SOME_SERVER")
	server := enginetest.Server{Engine: "some", Variable: "SOME_SERVER", Start: "scripts/some run go test"}
	enginetest.Main(tests{}, server)
	os.Setenv("SOME_SERVER", "host=/tmp")
	enginetest.Main(tests{}, server)
	os.Unsetenv("SOME_SERVER")
	// Output:
	// engine: some NOT exercised, as SOME_SERVER is not set; scripts/some run go test sets it
	// engine: some exercised
}
