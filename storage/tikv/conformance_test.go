package tikv_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
	"github.com/ankgo/ank/storage/tikv"
)

// systems numbers the systems of this run, so that each test has one of its own.
type systems struct {
	run  string
	next atomic.Int64
}

func (s *systems) name() string { return fmt.Sprintf("test-%s-%d", s.run, s.next.Add(1)) }

func TestEngine(t *testing.T) {
	names := &systems{run: fmt.Sprint(os.Getpid())}
	storagetest.Run(t, storagetest.Options{
		New:   func(testing.TB) storagetest.Store { return newStore(names.name()) },
		Steps: 60,
	})
}

func newStore(system string) storagetest.Store {
	options := tikv.Options{PD: cluster(), System: system}
	return storagetest.Store{
		Open:           func(ctx context.Context) (storage.Engine, error) { return tikv.Open(ctx, options) },
		Reopens:        true,
		Shares:         true,
		ComparesStamps: true,
		FollowsPlans:   true,
		Builds:         true,
		Lists:          true,
	}
}

func cluster() []string { return strings.Split(os.Getenv(enginetest.TiKV), ",") }

func TestMain(m *testing.M) {
	tikv.Quiet()
	os.Exit(enginetest.Main(m, enginetest.Server{Engine: "tikv", Variable: enginetest.TiKV, Start: "scripts/tikv go test"}))
}
