package memory_test

import (
	"os"
	"testing"

	"github.com/ankgo/ank/internal/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, enginetest.Server{Engine: "memory"})) }
