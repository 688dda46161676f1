package postgres_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage/postgres"
)

// TestPatience counts how often something is tried that fails.
func TestPatience(t *testing.T) {
	cut := &net.OpError{Op: "write", Net: "unix", Err: errors.New("broken pipe")}
	for _, c := range []struct {
		name     string
		patience time.Duration
		takes    []time.Duration // what each attempt takes; the last one goes on for ever
		heals    int             // the attempt that succeeds; 0: none
		tried    int
	}{
		{name: "none", takes: []time.Duration{0}, tried: 1},
		{name: "ten seconds", patience: 10 * time.Second, takes: []time.Duration{0}, tried: 16},
		{name: "halted for longer than it is patient", patience: 10 * time.Second, takes: []time.Duration{time.Minute, 0}, heals: 2, tried: 2},
		{name: "halted, and still in vain", patience: 10 * time.Second, takes: []time.Duration{time.Minute, 0}, tried: 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			tried := 0
			err := postgres.Patiently(t.Context(), c.patience, func() error {
				<-time.After(c.takes[min(tried, len(c.takes)-1)])
				if tried++; tried == c.heals {
					return nil
				}
				return cut
			})
			require.Equal(t, c.tried, tried, c.name)
			if c.heals > 0 {
				require.NoError(t, err, c.name)
			} else {
				require.ErrorIs(t, err, cut, c.name)
			}
		})
	}
}
