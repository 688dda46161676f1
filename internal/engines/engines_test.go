package engines_test

import (
	"os"

	"github.com/ankgo/ank/internal/engines"
)

// tests are those of some engine, and pass.
type tests struct{}

func (tests) Run() int { return 0 }

func ExampleMain() {
	os.Unsetenv("SOME_SERVER")
	server := engines.Server{Engine: "some", Variable: "SOME_SERVER", Start: "scripts/some run go test"}
	engines.Main(tests{}, server)
	os.Setenv("SOME_SERVER", "host=/tmp")
	engines.Main(tests{}, server)
	os.Unsetenv("SOME_SERVER")
	// Output:
	// engine: some NOT exercised, as SOME_SERVER is not set; scripts/some run go test sets it
	// engine: some exercised
}
