package tikv

import (
	"context"
	"sync"
	"time"

	"github.com/tikv/client-go/v2/oracle"
	pd "github.com/tikv/pd/client"
)

// The garbage collector of a cluster removes what was overwritten, ten minutes ago as a
// rule. Whoever reads longer tells the placement driver up to where it must not go.
const (
	// longRead is the age from which on a reader is told of.
	longRead = time.Minute
	// renewEvery is how often that is looked at and said again.
	renewEvery = 20 * time.Second
	// holdFor is how long what was said holds if it is not said again.
	holdFor = 5 * time.Minute
)

// safepoint keeps the garbage collector from what open readers may read.
type safepoint struct {
	pd      pd.Client
	service string // under which the placement driver knows it

	mu      sync.Mutex // protects what follows
	readers map[uint64]int
	held    bool // the placement driver has been told
}

func (s *safepoint) add(ts uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers == nil {
		s.readers = make(map[uint64]int)
	}
	s.readers[ts]++
}

func (s *safepoint) release(ts uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers[ts]--
	if s.readers[ts] == 0 {
		delete(s.readers, ts)
	}
}

// oldest is the timestamp of the oldest reader that is older than longRead, 0 if none is.
func (s *safepoint) oldest(now time.Time) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := uint64(0)
	for ts := range s.readers {
		if now.Sub(oracle.GetTimeFromTS(ts)) >= longRead && (oldest == 0 || ts < oldest) {
			oldest = ts
		}
	}
	return oldest
}

// run looks after it until ctx is done.
func (s *safepoint) run(ctx context.Context) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.renew(ctx, time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// renew tells the placement driver of the oldest reader. What goes wrong is tried again
// the next time, long before the collector gets there.
func (s *safepoint) renew(ctx context.Context, now time.Time) {
	oldest := s.oldest(now)
	switch {
	case oldest > 0:
		if _, err := s.pd.UpdateServiceGCSafePoint(ctx, s.service, int64(holdFor.Seconds()), oldest-1); err == nil {
			s.held = true
		}
	case s.held:
		s.letGo(ctx)
	}
}

// letGo takes back what was said. Only run, and close after it, call it and renew.
func (s *safepoint) letGo(ctx context.Context) {
	if !s.held {
		return
	}
	if _, err := s.pd.UpdateServiceGCSafePoint(ctx, s.service, 0, 0); err == nil {
		s.held = false
	}
}
