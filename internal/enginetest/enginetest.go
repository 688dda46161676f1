// Package enginetest tells tests of engines that need a server where it is, and says of
// each engine, in one line, whether it was exercised: a test does not vanish unseen
// because of what a machine lacks. It knows nothing of any engine, and starts no
// server; scripts/postgres and scripts/tikv do, and set the variable that says where.
package enginetest

import (
	"fmt"
	"os"
)

// Postgres is the variable with the DSN of a PostgreSQL server for tests.
const Postgres = "ANK_TEST_POSTGRES"

// TiKV is the variable with the addresses of a cluster's placement drivers, with commas
// between them.
const TiKV = "ANK_TEST_TIKV"

// A Server is what an engine's tests need.
type Server struct {
	Engine   string // its name
	Variable string // of the environment: where the server is; "" if it needs none
	Start    string // the command that runs the tests with a server
}

// Main runs the tests of an engine if its server is there, and says whether it was. It
// returns the code to exit with.
func Main(m interface{ Run() int }, s Server) int {
	if s.Variable != "" && os.Getenv(s.Variable) == "" {
		fmt.Printf("engine: %s NOT exercised, as %s is not set; %s sets it\n", s.Engine, s.Variable, s.Start)
		return 0
	}
	code := m.Run()
	if code == 0 {
		fmt.Printf("engine: %s exercised\n", s.Engine)
	}
	return code
}
