package kv_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// notifier is a driver that hears of others when the test says so.
type notifier struct {
	*commonDriver
	notice func()
	hears  atomic.Bool
}

func (n *notifier) Notify(notice func()) (stop func()) {
	n.notice = notice
	return func() { n.notice = nil }
}

func (n *notifier) Hears() bool { return n.hears.Load() }

// TestWatch counts how often an engine is told to look.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &notifier{commonDriver: &commonDriver{newCommon(t)}}
		e, err := kv.OpenShared(t.Context(), d, kv.Options{})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var calls atomic.Int32
		go func() { ended <- e.(storage.Shared).Watch(ctx, func() { calls.Add(1) }) }()
		within := func(span time.Duration) int {
			synctest.Wait()
			calls.Store(0)
			<-time.After(span)
			synctest.Wait()
			return int(calls.Load())
		}
		<-time.After(50 * time.Millisecond) // between two looks
		require.Equal(t, 100, within(10*time.Second), "ten times a second, as others are not heard")
		d.hears.Store(true)
		require.Equal(t, 10, within(10*time.Second), "once a second, as all others are heard")
		calls.Store(0)
		d.notice()
		require.EqualValues(t, 1, calls.Load(), "at once, as the driver has heard of a commit")
		d.hears.Store(false)
		require.Equal(t, 10, within(time.Second), "others have fallen silent")
		cancel()
		require.NoError(t, <-ended)
		require.Nil(t, d.notice, "the driver calls nobody who does not watch any more")
		require.NoError(t, e.Close())
	})
}
