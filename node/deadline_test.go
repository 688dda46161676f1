package node_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// TestWhoStopsWaitingGivesUp: a server hears that nobody waits for an answer any more.
func TestWhoStopsWaitingGivesUp(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		require.NoError(t, c.Wait(f.ctx))
		server := <-servers
		for name, ask := range map[string]func(ctx context.Context) error{
			"get": func(ctx context.Context) error {
				_, err := albums.Get(ctx, ada.session, event.ID{1})
				return err
			},
			"fetch":   func(ctx context.Context) error { return firstError(albums.Fetch(ctx, ada.session, "")) },
			"history": func(ctx context.Context) error { return firstError(albums.History(ctx, ada.session, event.ID{1})) },
		} {
			ctx, cancel := context.WithTimeout(f.ctx, 3*time.Second)
			began := time.Now()
			require.ErrorIs(t, ask(ctx), context.DeadlineExceeded, name)
			require.Equal(t, 3*time.Second, time.Since(began), name)
			cancel()
			number := requestOf(server.hear())
			require.Equal(t, number, server.hear().(*wire.Cancel).Request, name)
		}
		require.NoError(t, c.Close(f.ctx))
	})
}

// requestOf is the number of a question.
func requestOf(m wire.Message) uint64 {
	switch m := m.(type) {
	case *wire.Get:
		return m.Request
	case *wire.Fetch:
		return m.Request
	case *wire.History:
		return m.Request
	}
	return 0
}

// thorough is a policy that thinks until it is told to stop.
type thorough struct{ node.Policy }

func (thorough) Read(ctx context.Context, _ node.Principal, collection string) error {
	if collection != "notes" {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// TestWorkOnARequestIsBounded: whatever it is that takes so long.
func TestWorkOnARequestIsBounded(t *testing.T) {
	const limit = 30 * time.Second
	for name, m := range map[string]wire.Message{
		"a fetch":                  &wire.Fetch{Request: 1, Collection: "notes"},
		"a subscription":           &wire.Subscribe{Request: 1, Collection: "notes"},
		"a get":                    &wire.Get{Request: 1, Collection: "notes"},
		"a history":                &wire.History{Request: 1, Collection: "notes"},
		"an answer not taken in":   &wire.Fetch{Request: 1, Collection: "albums"},
		"a history not taken in":   nil,
		"a transaction that waits": nil,
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				id := f.many(20, 100_000)[0]
				s := f.visit("mallory")
				switch {
				case m != nil:
				case name == "a history not taken in":
					for i := range 10 {
						f.edit(f.prince, id, func(m AlbumMutable) { m.SetName(bulky(i, 100_000).Name) })
					}
					m = &wire.History{Request: 1, Collection: "albums", Entity: id}
				default:
					hold := make(chan struct{})
					f.stage.commit = holding(hold)
					for range 2 { // who lead the committer
						go func() { _ = tryCreate(f.ctx, f.prince, Album{Name: "slow"}) }()
						synctest.Wait()
					}
					defer func() { close(hold); synctest.Wait() }()
					m = &wire.Commit{Request: 1, Tx: newAlbum(f, 86)}
				}
				began := time.Now()
				s.send(m)
				var failure *wire.Failure
				for failure == nil {
					failure, _ = s.hear().(*wire.Failure)
				}
				require.Equal(t, wire.CodeDeadline, failure.Code)
				require.Equal(t, limit, time.Since(began))
				synctest.Wait()
				require.Zero(t, f.node.Working())
				s.send(&wire.Get{Request: 2, Collection: "albums", Entity: id})
				require.IsType(t, &wire.Rows{}, s.hear(), "the connection goes on")
			}, node.WithPolicy(thorough{node.AllowAll()}), node.WithLimits(node.Limits{Request: limit}))
		})
	}
}

// TestAClientLearnsThatItTookTooLong: with the error that callers know.
func TestAClientLearnsThatItTookTooLong(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		require.ErrorIs(t, firstError(notes.Fetch(f.ctx, ada.session, "")), context.DeadlineExceeded)
	}, node.WithPolicy(thorough{node.AllowAll()}))
}

// TestAnswersThatWaitDoNotKeepOthersFromBeingRead: nor the credit that they wait for.
func TestAnswersThatWaitDoNotKeepOthersFromBeingRead(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.many(8, 100_000)
		s := f.visit("mallory")
		const most = 64
		for i := range most + 1 {
			s.send(&wire.Fetch{Request: uint64(i + 1), Collection: "albums"})
			synctest.Wait()
			s.send(&wire.Ping{})
			for {
				m := s.hear()
				if _, ok := m.(*wire.Pong); ok {
					break
				}
				if failure, ok := m.(*wire.Failure); ok {
					require.Equal(t, uint64(most+1), failure.Request)
					require.Equal(t, wire.CodeTooMany, failure.Code)
				}
			}
		}
		require.Equal(t, most, f.node.Working())
		for i := range most {
			s.send(&wire.Credit{Request: uint64(i + 1), Bytes: 1 << 20})
			for s.hear().(*wire.Rows).More {
			}
		}
		synctest.Wait()
		require.Zero(t, f.node.Working())
	})
}

// TestManyLongAnswersAtATime: a client asks for no more at a time than servers let wait.
func TestManyLongAnswersAtATime(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.many(8, 100_000)
		ada := f.join("ada")
		ada.link.delay = func() time.Duration { return time.Millisecond }
		ada.connect()
		const most = 200
		errs := make(chan error, most)
		for range most {
			go func() {
				list, err := albums.Collect(f.ctx, ada.session, "")
				if err == nil && len(list) != 8 {
					err = context.Canceled
				}
				errs <- err
			}()
		}
		for range most {
			require.NoError(t, <-errs)
		}
	})
}
