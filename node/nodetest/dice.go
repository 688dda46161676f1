package nodetest

import (
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// draw returns random numbers that depend on the seed and the purpose only, so that
// what is dropped from a schedule does not change the rest.
func draw(seed uint64, purpose ...uint64) *rand.Rand {
	mixed := seed
	for _, p := range purpose {
		mixed = rand.NewPCG(mixed, p).Uint64()
	}
	return rand.New(rand.NewPCG(mixed, 0x9e3779b97f4a7c15))
}

// The purposes.
const (
	forShape uint64 = iota + 1
	forSteps
	forDisk
	forLink
	forClock
	forNode
	forRoot
	forChecks
)

// bits is a source of random bytes for several goroutines.
type bits struct {
	mu sync.Mutex
	r  io.Reader
}

func newBits(r *rand.Rand) *bits {
	var key [32]byte
	for i := range key {
		key[i] = byte(r.Uint32())
	}
	return &bits{r: rand.NewChaCha8(key)}
}

// Read implements io.Reader.
func (b *bits) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.r.Read(p)
}

// upTo returns a duration below most, zero if most is.
func upTo(r *rand.Rand, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(r.Int64N(int64(most)))
}
