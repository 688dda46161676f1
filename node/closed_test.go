package node_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// recovery is a server of which a copy is made and put in its place later, with clients
// whose lines lead to whichever there is.
type recovery struct {
	*testing.T
	at     *fixture
	copied *memory.Store
	guests []*guest
}

func newRecovery(t *testing.T) *recovery { return &recovery{T: t, at: member(t)} }

func (r *recovery) join(name node.Principal) *guest {
	g := &guest{T: r.T, ctx: r.at.ctx, name: name, store: memory.NewStore()}
	g.link = newCable(func(conn wire.Conn) {
		go func() { _ = r.at.node.Serve(r.at.ctx, conn, name) }()
	})
	g.open()
	r.Cleanup(g.stop)
	r.guests = append(r.guests, g)
	return g
}

func (r *recovery) backup() { r.copied = r.at.store.Clone() }

// restore puts the copy in the server's place, and returns the origin that is closed.
func (r *recovery) restore() event.Origin {
	r.Helper()
	r.cut()
	old := r.at.node.Origin()
	r.at.stop()
	r.at = startOver(r.T, r.copied, node.SystemRoot(rootKey(r.T)))
	require.NoError(r, r.at.node.CloseOrigin(r.at.ctx))
	require.NotEqual(r, old, r.at.node.Origin())
	return old
}

func (r *recovery) cut() {
	for _, g := range r.guests {
		g.link.Cut()
	}
	synctest.Wait()
}

func recoveries(t *testing.T, script func(t *testing.T, r *recovery)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { script(t, newRecovery(t)) })
}

// TestARestoredServerGetsBackFromClientsWhatItLost, and no client sees anything of it
// go away meanwhile.
func TestARestoredServerGetsBackFromClientsWhatItLost(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprintf("restarted=%v", restarted), func(t *testing.T) {
			recoveries(t, func(t *testing.T, r *recovery) {
				ada := r.join("ada")
				ada.connect()
				kept, created := ada.create(Album{Name: "kept", Year: 1986})
				require.Equal(t, node.Accepted, ada.outcome(created).Status)
				r.backup()
				lost, created := ada.create(Album{Name: "lost", Year: 1987})
				edited := ada.edit(kept, func(m AlbumMutable) { m.SetArtist("Prince") })
				again := ada.edit(lost, func(m AlbumMutable) { m.SetYear(1988) })
				for _, receipt := range []node.Receipt{created, edited, again} {
					require.Equal(t, node.Accepted, ada.outcome(receipt).Status)
				}
				live := ada.query("ORDER BY year")
				require.NoError(t, live.Wait(ada.ctx))
				changes := told(ada, live)
				changes()

				r.cut()
				later := ada.edit(lost, func(m AlbumMutable) { m.SetArtist("offline") })
				old := r.restore()
				if restarted {
					ada.restart()
				}
				ada.link.Mend()
				if restarted {
					ada.connect()
					live = ada.query("ORDER BY year")
				}
				require.NoError(t, live.Wait(ada.ctx))
				for _, receipt := range []node.Receipt{created, edited, again, later} {
					receipt = ada.outcome(receipt)
					require.Equal(t, node.Accepted, receipt.Status)
					require.Equal(t, r.at.node.Origin(), receipt.Position.Origin)
					require.NotEqual(t, old, receipt.Position.Origin)
				}
				require.Equal(t, []string{"kept", "lost"}, shown(live))
				require.Equal(t, "Prince", live.Items().At(0).Artist())
				require.Equal(t, "offline", live.Items().At(1).Artist())
				require.Equal(t, 1988, live.Items().At(1).Year())
				require.Equal(t, []string{"kept", "lost"}, r.at.names(r.at.prince, "ORDER BY year"))
				if !restarted {
					for _, s := range rowsOnly(changes()) {
						require.True(t, strings.HasPrefix(s, "updated"), "nothing went away: %s", s)
					}
				}
				// Once, and not at every connection.
				here := r.at.at(r.at.node.Origin())
				ada.away(func() {})
				require.NoError(t, live.Wait(ada.ctx))
				require.Equal(t, here, r.at.at(r.at.node.Origin()))
				require.Equal(t, entity.Complete, live.State().Phase)
			})
		})
	}
}

// TestWhoHasOnlySeenWhatIsLostGoesBack: a client that had written nothing of it takes what
// there is.
func TestWhoHasOnlySeenWhatIsLostGoesBack(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		id := r.at.create(r.at.prince, Album{Name: "kept", Year: 1990})
		r.backup()
		ada := r.join("ada")
		ada.connect()
		r.at.edit(r.at.prince, id, func(m AlbumMutable) { m.SetName("lost") })
		live := ada.query("")
		require.NoError(t, live.Wait(ada.ctx))
		require.Equal(t, []string{"lost"}, shown(live))
		r.restore()
		ada.link.Mend()
		require.NoError(t, live.Wait(ada.ctx))
		require.Equal(t, []string{"kept"}, shown(live))
		receipt := ada.edit(id, func(m AlbumMutable) { m.SetArtist("Prince") })
		require.Equal(t, node.Accepted, ada.outcome(receipt).Status)
		require.Equal(t, []string{"kept"}, r.at.names(r.at.prince, "artist = 'Prince'"))
	})
}

// TestWhatBuildsOnWhatOthersLostWaitsForThem, for hours, also over a restart.
func TestWhatBuildsOnWhatOthersLostWaitsForThem(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada, bob := r.join("ada"), r.join("bob")
		ada.connect()
		bob.connect()
		id, created := ada.create(Album{Name: "ada's", Year: 1990})
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		require.NoError(t, bob.query("").Wait(bob.ctx))
		edited := bob.edit(id, func(m AlbumMutable) { m.SetArtist("bob") })
		require.Equal(t, node.Accepted, bob.outcome(edited).Status)
		r.restore()
		bob.link.Mend()
		<-time.After(5 * time.Hour)
		require.Equal(t, node.Pending, bob.ledgerOf(edited).Status)
		bob.restart()
		bob.connect()
		<-time.After(5 * time.Hour)
		require.Equal(t, node.Pending, bob.ledgerOf(edited).Status)
		_, other := bob.create(Album{Name: "bob's", Year: 1991})
		require.Equal(t, node.Accepted, bob.outcome(other).Status, "it holds up nothing else")
		ada.link.Mend()
		require.Equal(t, node.Accepted, bob.outcome(edited).Status)
		require.Equal(t, []string{"ada's"}, r.at.names(r.at.prince, "artist = 'bob'"))
	})
}

// TestWhatCannotBeAcceptedAgainIsRejected, with its content.
func TestWhatCannotBeAcceptedAgainIsRejected(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		id, created := ada.create(Album{Name: "lost", Year: 1990})
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		r.restore()
		r.at.stop()
		r.at = startOver(t, r.copied, node.SystemRoot(rootKey(t)), node.WithPolicy(readOnly{}))
		ada.link.Mend()
		<-time.After(time.Minute)
		receipt := ada.outcome(created)
		require.Equal(t, node.Rejected, receipt.Status)
		require.ErrorIs(t, receipt.Reason, node.ErrDenied)
		entry := ada.ledgerOf(created)
		require.Equal(t, id, entry.Content.Events[0].Entity)
		require.NoError(t, ada.node.Dismiss(ada.ctx, created.Transaction))
		ada.restart()
		require.Empty(t, ada.ledger())
	})
}

// readOnly lets everybody read.
type readOnly struct{}

func (readOnly) Read(context.Context, node.Principal, string) error { return nil }

func (readOnly) Accept(context.Context, *node.Acceptance) error { return node.ErrDenied }

// TestOtherServersTellOfAClosedLog: one that has only a part of what clients have seen of
// a log need not wait for the rest either, once it has heard.
func TestOtherServersTellOfAClosedLog(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		first := r.at
		r.backup()
		id := first.create(first.prince, Album{Name: "old", Year: 1990})
		second := member(t)
		exchange(first, second)
		ada := r.join("ada")
		ada.connect()
		receipt := ada.edit(id, func(m AlbumMutable) { m.SetName("new") })
		require.Equal(t, node.Accepted, ada.outcome(receipt).Status)
		live := ada.query("")
		require.NoError(t, live.Wait(ada.ctx))
		r.restore()
		restored := r.at
		r.at = second
		ada.link.Mend()
		<-time.After(time.Minute)
		require.ErrorIs(t, live.State().Err, node.ErrBehind)

		exchange(restored, second)
		require.NoError(t, live.Wait(ada.ctx))
		receipt = ada.outcome(receipt)
		require.Equal(t, node.Accepted, receipt.Status)
		require.Equal(t, second.node.Origin(), receipt.Position.Origin)
		require.Equal(t, []string{"new"}, shown(live))
		exchange(restored, second)
		requireSame(t, restored, second)
		require.Equal(t, []string{"new"}, restored.names(restored.prince, ""))
	})
}

// TestWhatIsKeptForAnOldCopyIsBounded in number and size.
func TestWhatIsKeptForAnOldCopyIsBounded(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		for range 1100 {
			_, created := ada.create(Album{Name: "small", Year: 1900})
			require.Equal(t, node.Accepted, ada.outcome(created).Status)
		}
		r.restore()
		ada.link.Mend()
		<-time.After(time.Minute)
		_, err := ada.session.Flush(ada.ctx)
		require.NoError(t, err)
		require.Len(t, r.at.names(r.at.prince, ""), 1024)

		r.backup()
		large := strings.Repeat("x", 500_000)
		for i := range 20 {
			_, created := ada.create(Album{Name: large, Year: 2000 + i})
			require.Equal(t, node.Accepted, ada.outcome(created).Status)
		}
		r.restore()
		ada.restart()
		ada.link.Mend()
		ada.connect()
		<-time.After(time.Minute)
		_, err = ada.session.Flush(ada.ctx)
		require.NoError(t, err)
		require.Len(t, r.at.names(r.at.prince, "year >= 2000"), 8)
	})
}

// TestWhoWipesLeavesNothingForAnOldCopy.
func TestWhoWipesLeavesNothingForAnOldCopy(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		_, created := ada.create(Album{Name: "secret", Year: 1990})
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		require.NoError(t, ada.session.Wipe(ada.ctx, 0))
		ada.stop()
		engine, err := ada.store.Open(ada.ctx, kv.Options{})
		require.NoError(t, err)
		s, err := engine.Snapshot(ada.ctx)
		require.NoError(t, err)
		for m, err := range s.MetaScan(ada.ctx, "") {
			require.NoError(t, err)
			require.NotContains(t, string(m.Value), "secret", m.Key)
		}
		s.Close()
		require.NoError(t, engine.Close())
		ada.open()
	})
}

// TestWhoHasWipedComesBackToAnOldCopy, without a restart between: what others had committed
// on the same client is delivered again, and what was wiped is not.
func TestWhoHasWipedComesBackToAnOldCopy(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		_, created := ada.create(Album{Name: "wiped", Year: 1990})
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		bob := ada.node.Session("bob")
		_, err := create(ada.ctx, bob, Album{Name: "bob's", Year: 1991})
		require.NoError(t, err)
		_, err = bob.Flush(ada.ctx)
		require.NoError(t, err)
		require.NoError(t, ada.session.Wipe(ada.ctx, 0))
		r.restore()
		ada.link.Mend()
		live := ada.query("")
		require.NoError(t, live.Wait(ada.ctx))
		_, err = bob.Flush(ada.ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"bob's"}, r.at.names(r.at.prince, ""))
	})
}

// TestASealedPrincipalsWorkIsDeliveredAgainOnceItIsBack.
func TestASealedPrincipalsWorkIsDeliveredAgainOnceItIsBack(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		_, created := ada.create(Album{Name: "lost", Year: 1990})
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		_, err := ada.session.Seal(ada.ctx)
		require.NoError(t, err)
		r.restore()
		ada.link.Mend()
		<-time.After(time.Minute)
		require.Empty(t, r.at.names(r.at.prince, ""))
		n, err := ada.session.Unseal(ada.ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		require.Equal(t, []string{"lost"}, r.at.names(r.at.prince, ""))
	})
}

// TestNobodyElseClosesALog: only its origin can.
func TestNobodyElseClosesALog(t *testing.T) {
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ada := f.join("ada")
				ada.connect()
				_, created := ada.create(Album{Name: "kept", Year: 1990})
				require.Equal(t, node.Accepted, ada.outcome(created).Status)
				require.NoError(t, ada.connection.Close(f.ctx))
				other, err := event.KeyFromBytes(make([]byte, 32))
				require.NoError(t, err)
				head := event.SignHead(other, 0, event.Digest{}, closed)
				head.Origin = f.node.Origin()
				evil := pipe.NewLink(func(conn wire.Conn) {
					go func() {
						s := &stranger{T: t, ctx: f.ctx, conn: conn}
						s.greet(f, &wire.Hello{Min: 1, Max: 1, Durable: true, System: f.node.System(), Time: time.Now().UnixMicro()})
						s.send(&wire.Closed{Heads: []event.SignedHead{head}})
						for {
							if _, err := conn.Receive(f.ctx); err != nil {
								return
							}
						}
					}()
				})
				c, err := ada.node.Connect(evil.Dial)
				require.NoError(t, err)
				<-time.After(time.Minute)
				require.NoError(t, c.Close(f.ctx))
				require.Equal(t, node.Accepted, ada.ledgerOf(created).Status)
				require.ErrorIs(t, ada.node.CloseOrigin(f.ctx), node.ErrEphemeral)
			})
		})
	}
}

// TestAClientGoesBackWhenToldTo: where a server that was restored twice cannot tell what it
// has lost, the client's owner can.
func TestAClientGoesBackWhenToldTo(t *testing.T) {
	recoveries(t, func(t *testing.T, r *recovery) {
		r.backup()
		ada := r.join("ada")
		ada.connect()
		r.restore()
		ada.link.Mend()
		id, created := ada.create(Album{Name: "lost", Year: 1990})
		<-time.After(time.Minute)
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		r.at.edit(r.at.prince, id, func(m AlbumMutable) { m.SetYear(1991) })
		live := ada.query("")
		require.NoError(t, live.Wait(ada.ctx))
		require.Equal(t, 1991, live.Items().At(0).Year())
		r.cut()
		r.at.stop()
		r.at = member(t) // of the same system, and nothing of the log
		ada.link.Mend()
		<-time.After(time.Minute)
		require.ErrorIs(t, live.State().Err, node.ErrBehind)
		require.ErrorIs(t, r.at.node.GoBack(r.at.ctx), node.ErrDurable)
		require.NoError(t, ada.node.GoBack(ada.ctx))
		require.NoError(t, live.Wait(ada.ctx))
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		require.Equal(t, r.at.node.Origin(), ada.outcome(created).Position.Origin)
		require.Equal(t, 1990, live.Items().At(0).Year())
		require.NoError(t, ada.node.GoBack(ada.ctx), "again, with everything in place")
		<-time.After(time.Minute)
		require.Equal(t, node.Accepted, ada.outcome(created).Status)
		require.Equal(t, []string{"lost"}, r.at.names(r.at.prince, ""))
	})
}

// TestACursorEndsWhereALogWasClosed, and no cursor goes further for what an origin says of
// its end.
func TestACursorEndsWhereALogWasClosed(t *testing.T) {
	o, other := event.Origin{1}, event.Position{Origin: event.Origin{2}, Seq: 7}
	seen := event.NewCursor(event.Position{Origin: o, Seq: 5, Short: 9}, other)
	end := func(seq uint64) event.SignedHead { return event.SignedHead{Origin: o, Seq: seq, Closed: true} }
	require.True(t, node.UpTo(seen, end(0)).Equal(event.NewCursor(other)))
	at, _ := node.UpTo(seen, end(4)).At(o)
	require.Equal(t, uint64(4), at.Seq)
	for _, seq := range []uint64{5, 6, math.MaxUint64} {
		require.True(t, node.UpTo(seen, end(seq)).Equal(seen), "%d", seq)
	}
	require.True(t, node.UpTo(event.NewCursor(other), end(3)).Equal(event.NewCursor(other)))
}

// TestRandomRestores: whatever clients write and whenever the server is replaced by an
// old copy, everything that they committed is there in the end, and everybody sees the
// same.
func TestRandomRestores(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			recoveries(t, func(t *testing.T, r *recovery) { randomRestores(t, r, rand.New(rand.NewPCG(seed, 3))) })
		})
	}
}

func randomRestores(t *testing.T, r *recovery, dice *rand.Rand) {
	r.backup()
	var lives []*entity.Live[AlbumView]
	for i := range 3 {
		g := r.join(node.Principal(fmt.Sprintf("client %d", i)))
		g.connect()
		lives = append(lives, g.query("ORDER BY name"))
	}
	made := make(map[string]bool)
	receipts := make(map[event.ID]*guest)
	for step := range 120 {
		i := dice.IntN(3)
		g := r.guests[i]
		switch dice.IntN(12) {
		case 0:
			r.backup()
		case 1:
			if dice.IntN(2) == 0 {
				r.restore()
			}
		case 2:
			g.link.Cut()
		case 3:
			g.link.Mend()
		case 4:
			g.restart()
			g.link.Mend()
			g.connect()
			lives[i] = g.query("ORDER BY name")
		case 5:
			<-time.After(time.Duration(dice.IntN(5000)) * time.Millisecond)
		case 6, 7, 8:
			name := fmt.Sprintf("%03d", step)
			_, receipt := g.create(Album{Name: name, Year: 1990})
			made[name], receipts[receipt.Transaction] = true, g
		default:
			if n := lives[i].Items().Len(); n > 0 {
				v := lives[i].Items().At(dice.IntN(n))
				if receipt, err := g.tryEdit(v.ID(), func(m AlbumMutable) { m.SetYear(2000 + step) }); err == nil {
					receipts[receipt.Transaction] = g
				}
			}
		}
	}
	for _, g := range r.guests {
		g.link.Mend()
	}
	<-time.After(10 * time.Minute)
	names := r.at.names(r.at.prince, "ORDER BY name")
	require.Len(t, names, len(made))
	for _, name := range names {
		require.True(t, made[name])
	}
	for tx, g := range receipts {
		receipt := g.outcome(node.Receipt{Transaction: tx, Status: node.Pending})
		require.Equal(t, node.Accepted, receipt.Status, "%v", receipt)
	}
	var years []int
	list, err := albums.Collect(r.at.ctx, r.at.prince, "ORDER BY name")
	require.NoError(t, err)
	for _, v := range list {
		years = append(years, v.Year())
	}
	for _, live := range lives {
		require.NoError(t, live.Wait(t.Context()))
		require.Equal(t, names, shown(live))
		for i, v := range live.Items().All() {
			require.Equal(t, years[i], v.Year())
		}
	}
}

// TestASharedStoreThatWasRestored: the logs of all processes are closed, and none is left
// out that another process writes.
func TestASharedStoreThatWasRestored(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(), x.open()
		x.create(a, Album{Name: "a's", Year: 1990})
		x.create(b, Album{Name: "b's", Year: 1991})
		old := []event.Origin{a.Origin(), b.Origin()}
		require.ErrorContains(x, a.CloseOrigin(x.ctx), "another process has the store open")
		require.Equal(x, old[0], a.Origin())
		require.NoError(x, b.Close(x.ctx))
		require.NoError(x, a.CloseOrigin(x.ctx))
		b = x.open()
		for _, p := range []*process{a, b} {
			require.NotContains(x, old, p.Origin())
			certificate, ok := p.Certificate()
			require.True(x, ok)
			require.NoError(x, certificate.Verify())
		}
		x.create(a, Album{Name: "a's again", Year: 1992})
		x.create(b, Album{Name: "b's again", Year: 1993})
		for _, p := range []*process{a, b} {
			require.Equal(x, []string{"a's", "b's", "a's again", "b's again"}, x.list(p, "ORDER BY year"))
		}

		// Both old logs can be verified by others.
		other := x.follower(a)
		for _, o := range append(old, a.Origin(), b.Origin()) {
			require.Equal(x, uint64(1), other.at(o))
		}
	})
}

// follower is a node elsewhere that has got all that a process had to give.
func (x *town) follower(p *process) *fixture {
	x.Helper()
	other := startOver(x.T, memory.NewStore(), node.JoinSystem(p.System()))
	c, err := p.Certify(other.node.Origin())
	require.NoError(x, err)
	require.NoError(x, other.node.Enrol(x.ctx, c))
	near, far := pipe.New()
	left := make(chan error, 1)
	go func() { left <- p.Replicate(x.ctx, near, node.Once()) }()
	require.NoError(x, other.node.Replicate(x.ctx, far, node.Once()))
	require.NoError(x, <-left)
	return other
}

// TestAPausedProcessDoesNotWriteIntoAClosedLog when it wakes up.
func TestAPausedProcessDoesNotWriteIntoAClosedLog(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(), x.open()
		x.create(a, Album{Name: "a's", Year: 1990})
		x.create(b, Album{Name: "b's", Year: 1991})
		resume := b.engine.pause()
		late := make(chan error, 1)
		go func() {
			_, err := create(x.ctx, b.ada, Album{Name: "late", Year: 1999})
			late <- err
		}()
		<-time.After(time.Minute)
		require.NoError(x, a.CloseOrigin(x.ctx))
		resume()
		require.ErrorIs(x, <-late, node.ErrSlotLost)
		require.Equal(x, []string{"a's", "b's"}, x.list(a, "ORDER BY year"))
	})
}

// TestAPausedProcessThatWakesUpFirst: what it writes after its log was looked at, and before
// that is closed, is in the log that is closed.
func TestAPausedProcessThatWakesUpFirst(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(), x.open()
		x.create(a, Album{Name: "a's", Year: 1990})
		x.create(b, Album{Name: "b's", Year: 1991})
		old := b.Origin()
		resumeB := b.engine.pause()
		late, closed := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := create(x.ctx, b.ada, Album{Name: "late", Year: 1999})
			late <- err
		}()
		<-time.After(time.Minute)
		resumeA := a.engine.pause()
		go func() { closed <- a.CloseOrigin(x.ctx) }()
		synctest.Wait()
		resumeB()
		require.NoError(x, <-late)
		synctest.Wait()
		resumeA()
		require.NoError(x, <-closed)
		_, err := create(x.ctx, b.ada, Album{Name: "later", Year: 2000})
		require.ErrorIs(x, err, node.ErrSlotLost)
		require.Equal(x, uint64(2), x.follower(a).at(old))
	})
}

// TestALogIsClosedWhileItIsWritten: what is committed meanwhile is in one of the logs,
// and comes to who follows.
func TestALogIsClosedWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := member(t), member(t)
		near, far := pipe.New()
		var both sync.WaitGroup
		ctx, leave := context.WithCancel(first.ctx)
		both.Go(func() { _ = first.node.Replicate(ctx, near) })
		both.Go(func() { _ = second.node.Replicate(ctx, far) })
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for range 50 {
					_, err := create(first.ctx, first.prince, Album{Name: "new", Year: 1990})
					require.NoError(t, err)
				}
			})
		}
		for range 20 {
			require.NoError(t, first.node.CloseOrigin(first.ctx))
		}
		writers.Wait()
		synctest.Wait()
		<-time.After(time.Minute)
		require.Len(t, first.names(first.prince, ""), 200)
		requireSame(t, first, second)
		leave()
		both.Wait()
		again := member(t)
		exchange(second, again)
		requireSame(t, first, again)
	})
}
