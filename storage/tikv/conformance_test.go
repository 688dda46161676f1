package tikv_test

import (
	"context"
	"crypto/rand"
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
	names := &systems{run: rand.Text()}
	storagetest.Run(t, storagetest.Options{
		New:   func(testing.TB) storagetest.Store { return newStore(names.name()) },
		Steps: 60,
	})
}

// TestEnginesWithNotices runs what the suite has about several engines over one store with
// some that tell each other of commits.
func TestEnginesWithNotices(t *testing.T) {
	names := &systems{run: rand.Text()}
	for _, c := range storagetest.Cases() {
		if !strings.HasPrefix(c.Name, "shared/") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			c.Test(t, storagetest.Options{New: func(testing.TB) storagetest.Store {
				return storeOf(tikv.Options{PD: cluster(), System: names.name(), Notices: "127.0.0.1:0"})
			}})
		})
	}
}

func newStore(system string) storagetest.Store {
	return storeOf(tikv.Options{PD: cluster(), System: system})
}

func storeOf(options tikv.Options) storagetest.Store {
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
