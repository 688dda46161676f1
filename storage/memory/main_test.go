package memory_test

import (
	"os"
	"testing"

	"github.com/ankgo/ank/internal/engines"
)

func TestMain(m *testing.M) { os.Exit(engines.Main(m, engines.Server{Engine: "memory"})) }
