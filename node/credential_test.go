package node_test

import (
	"context"
	"errors"
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
)

// doorkeeper accepts credentials that are the name of a principal, but of those who are banned. A credential is
// good for some time.
type doorkeeper struct {
	mu     sync.Mutex
	banned map[string]bool
	good   time.Duration // 0: for ever
	asked  int
}

func (d *doorkeeper) Authenticate(_ context.Context, credential []byte) (node.Identity, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	name, ok := strings.CutPrefix(string(credential), "I am ")
	if !ok || d.banned[name] {
		return node.Identity{}, errors.New("who?")
	}
	who := node.Identity{Principal: node.Principal(name)}
	if d.good > 0 {
		who.Expires = time.Now().Add(d.good)
	}
	return who, nil
}

func (d *doorkeeper) ban(name string, banned bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.banned[name] = banned
}

func (d *doorkeeper) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// honest shows for everybody what the doorkeeper accepts.
func honest(_ context.Context, p node.Principal) ([]byte, error) { return []byte("I am " + p), nil }

// gated runs a test with a server that knows nobody, and a client of strangers.
func gated(t *testing.T, test func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link)) {
	t.Helper()
	d := &doorkeeper{banned: make(map[string]bool)}
	cluster(t, func(t *testing.T, f *fixture) {
		link := pipe.NewLink(func(conn wire.Conn) { go func() { _ = f.node.ServeStranger(f.ctx, conn) }() })
		test(t, f, d, f.join("ada"), link)
	}, node.WithAuthenticator(d))
}

func TestSeveralPrincipalsOnOneConnection(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link) {
		grace := c.node.Session("grace")
		live := c.query("ORDER BY year")
		tx := grace.Begin()
		_, err := albums.Create(tx, Album{Name: "Lovesexy", Year: 1988})
		require.NoError(t, err)
		graces, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		_, adas := c.create(Album{Name: "Parade", Year: 1986})
		_, err = c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		synctest.Wait()
		for principal, r := range map[node.Principal]node.Receipt{"ada": adas, "grace": graces} {
			require.Equal(t, node.Accepted, c.outcome(r).Status)
			require.Equal(t, string(principal), author(t, f, r.Transaction))
		}
		require.Equal(t, entity.Complete, live.State().Phase)
		require.Equal(t, 2, live.Items().Len())
		require.Equal(t, []string{"Parade"}, f.names(grace, "year = 1986"))
		require.Equal(t, 2, d.count(), "one credential for each principal")
	})
}

// author is who created an album in a transaction.
func author(t *testing.T, f *fixture, tx event.ID) string {
	t.Helper()
	for a, err := range albums.Fetch(f.ctx, f.prince, "") {
		require.NoError(t, err)
		for v, err := range albums.History(f.ctx, f.prince, a.ID()) {
			require.NoError(t, err)
			if v.Tx == tx {
				return v.Author
			}
		}
	}
	t.Fatalf("nothing was created by %v", tx)
	return ""
}

func TestWhoIsNotKnownWaits(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link) {
		d.ban("ada", true)
		live := c.query("ORDER BY year")
		_, adas := c.create(Album{Name: "Parade", Year: 1986})
		connection, err := c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, node.Connected, connection.State().Phase)
		require.Equal(t, entity.Local, live.State().Phase)
		require.ErrorIs(t, live.State().Err, node.ErrCredential)
		require.Equal(t, 1, live.Items().Len(), "what is held is shown")
		_, err = albums.Collect(f.ctx, c.session, "")
		require.ErrorIs(t, err, node.ErrCredential)
		late := c.query("year = 1986")
		synctest.Wait()
		require.ErrorIs(t, late.State().Err, node.ErrCredential)

		// Others are not held up.
		grace := c.node.Session("grace")
		tx := grace.Begin()
		_, err = albums.Create(tx, Album{Name: "Lovesexy", Year: 1988})
		require.NoError(t, err)
		graces, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, c.outcome(graces).Status)

		d.ban("ada", false)
		<-time.After(31 * time.Second) // it is tried again
		require.Equal(t, node.Accepted, c.outcome(adas).Status)
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, late.Wait(f.ctx))
		require.NoError(t, live.State().Err)
		require.Equal(t, 2, live.Items().Len())
	})
}

func TestCredentialsAreRenewed(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link) {
		d.good = time.Hour
		live := c.query("ORDER BY year")
		connection, err := c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		require.NoError(t, live.Wait(f.ctx))
		since := live.State().Since
		<-time.After(24 * time.Hour)
		require.Greater(t, d.count(), 24)
		require.Less(t, d.count(), 40)
		require.Equal(t, since, live.State().Since, "nobody has noticed")
		require.Equal(t, node.Connected, connection.State().Phase)

		// Once they are not, it ends when the last one expires, and says so.
		d.ban("ada", true)
		<-time.After(2 * time.Hour)
		require.Equal(t, entity.Stale, live.State().Phase)
		require.ErrorIs(t, live.State().Err, node.ErrCredential)
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		synctest.Wait()
		require.Zero(t, live.Items().Len())
		d.ban("ada", false)
		<-time.After(time.Minute)
		require.Equal(t, entity.Complete, live.State().Phase)
		require.Equal(t, 1, live.Items().Len())
	})
}

func TestRevoked(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link) {
		live := c.query("ORDER BY year")
		graces, err := albums.Query(f.ctx, c.node.Session("grace"), "")
		require.NoError(t, err)
		defer graces.Close()
		connection, err := c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, graces.Wait(f.ctx))
		<-time.After(time.Minute)
		d.ban("ada", true)
		require.Equal(t, 1, f.node.Revoke("ada"))
		require.Zero(t, f.node.Revoke("ada"))
		synctest.Wait()
		require.Equal(t, entity.Stale, live.State().Phase)
		require.ErrorIs(t, live.State().Err, node.ErrCredential)
		require.Equal(t, entity.Complete, graces.State().Phase)

		// Logged in again.
		d.ban("ada", false)
		connection.Authenticate("ada")
		synctest.Wait()
		require.Equal(t, entity.Complete, live.State().Phase)
	})
}

// A query that is being read when the credential is revoked does not stand afterwards.
func TestRevokedWhileAQueryIsRead(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, _ *doorkeeper, _ *guest, link *pipe.Link) {
		conn, err := link.Dial(f.ctx)
		require.NoError(t, err)
		s := &stranger{T: t, ctx: f.ctx, conn: conn}
		s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion})
		s.send(&wire.Authenticate{Request: 1, Credential: []byte("I am ada")})
		require.IsType(t, &wire.Authenticated{}, s.hear())
		hold := make(chan struct{})
		f.stage.snapshot = func() error {
			<-hold
			return nil
		}
		s.send(&wire.Subscribe{Request: 2, As: 1, Collection: "albums"})
		synctest.Wait()
		require.Equal(t, 1, f.node.Revoke("ada"))
		require.Equal(t, uint64(1), s.hear().(*wire.Failure).Request)
		close(hold)
		failure := s.hear().(*wire.Failure)
		require.Equal(t, uint64(2), failure.Request)
		require.Equal(t, wire.CodeCredential, failure.Code)
		require.Zero(t, f.node.Standing())
		_ = conn.Close()
	})
}

// TestWhoLeavesGivesItsCredentialUp: the server does not go on counting it.
func TestWhoLeavesGivesItsCredentialUp(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, d *doorkeeper, c *guest, link *pipe.Link) {
		grace := c.node.Session("grace")
		live, err := albums.Query(f.ctx, grace, "ORDER BY year")
		require.NoError(t, err)
		defer live.Close()
		adas := c.query("ORDER BY year")
		_, err = c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, adas.Wait(f.ctx))
		_, err = grace.Seal(f.ctx)
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 1, f.node.Standing(), "what the server keeps current")
		require.Zero(t, f.node.Revoke("grace"), "credentials of grace's at the server")

		_, err = grace.Unseal(f.ctx) // and it is asked for once more when it is needed
		require.NoError(t, err)
		_, err = albums.Count(f.ctx, grace, "")
		require.NoError(t, err)
		require.Equal(t, 1, f.node.Revoke("grace"))
		require.Equal(t, 1, f.node.Revoke("ada"))
	})
}

func TestCredentialsThatNobodyHas(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, _ *doorkeeper, c *guest, link *pipe.Link) {
		_, r := c.create(Album{Name: "Parade", Year: 1986})
		broken := errors.New("the login page is broken")
		for _, credentials := range []func(context.Context, node.Principal) ([]byte, error){
			func(context.Context, node.Principal) ([]byte, error) { return nil, broken },
			func(ctx context.Context, _ node.Principal) ([]byte, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			func(context.Context, node.Principal) ([]byte, error) { return make([]byte, node.MaxCredential+1), nil },
			func(context.Context, node.Principal) ([]byte, error) { return []byte("I am grace"), nil },
		} {
			live := c.query("ORDER BY year")
			connection, err := c.node.Connect(link.Dial, node.WithCredentials(credentials))
			require.NoError(t, err)
			<-time.After(time.Minute)
			require.Equal(t, entity.Local, live.State().Phase)
			require.Error(t, live.State().Err)
			require.NoError(t, connection.Close(f.ctx))
			live.Close()
		}
		_, err := c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		require.Equal(t, node.Accepted, c.outcome(r).Status)
	})
}

// A stranger may ask for nothing, and not guess for long.
func TestStrangersMayAskForNothing(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, _ *doorkeeper, _ *guest, link *pipe.Link) {
		conn, err := link.Dial(f.ctx)
		require.NoError(t, err)
		s := &stranger{T: t, ctx: f.ctx, conn: conn}
		s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion})
		request := uint64(0)
		for _, as := range []uint64{0, 1, 99} {
			for _, m := range []func(request uint64) wire.Message{
				func(r uint64) wire.Message { return &wire.Subscribe{Request: r, As: as, Collection: "albums"} },
				func(r uint64) wire.Message { return &wire.Fetch{Request: r, As: as, Collection: "albums"} },
				func(r uint64) wire.Message { return &wire.Get{Request: r, As: as, Collection: "albums"} },
				func(r uint64) wire.Message { return &wire.History{Request: r, As: as, Collection: "albums"} },
				func(r uint64) wire.Message { return &wire.Commit{Request: r, As: as, Tx: &event.Transaction{}} },
			} {
				request++
				s.send(m(request))
				require.Equal(t, wire.CodeCredential, s.hear().(*wire.Failure).Code)
			}
		}
		for range 8 {
			request++
			s.send(&wire.Authenticate{Request: request, Credential: []byte("guess")})
			require.Equal(t, wire.CodeCredential, s.hear().(*wire.Failure).Code)
		}
		s.send(&wire.Authenticate{Request: request + 1, Credential: []byte("guess")})
		for {
			bye, ok := s.hear().(*wire.Bye)
			if ok {
				require.Equal(t, wire.CodeCredential, bye.Code)
				break
			}
		}
	})
}

func TestCredentialsAreBounded(t *testing.T) {
	gated(t, func(t *testing.T, f *fixture, _ *doorkeeper, _ *guest, link *pipe.Link) {
		conn, err := link.Dial(f.ctx)
		require.NoError(t, err)
		s := &stranger{T: t, ctx: f.ctx, conn: conn}
		s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion})
		for i := range uint64(256) {
			s.send(&wire.Authenticate{Request: i + 1, Credential: []byte("I am ada")})
			require.Equal(t, &wire.Authenticated{Request: i + 1, Principal: "ada"}, s.hear())
		}
		s.send(&wire.Authenticate{Request: 300, Credential: []byte("I am ada")})
		require.Equal(t, wire.CodeTooMany, s.hear().(*wire.Failure).Code)
		s.send(&wire.Authenticate{Request: 301, Renews: 7, Credential: []byte("I am ada")})
		require.Equal(t, &wire.Authenticated{Request: 301, Principal: "ada"}, s.hear())
		s.send(&wire.Authenticate{Request: 302, Renews: 7, Credential: []byte("I am grace")})
		require.Equal(t, wire.CodeCredential, s.hear().(*wire.Failure).Code, "another's cannot be renewed")
		_ = conn.Close()
	})
}

func TestStrangersNeedAnAuthenticator(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		near, far := pipe.New()
		require.ErrorIs(t, f.node.ServeStranger(f.ctx, far), node.ErrNoAuthenticator)
		_, err := near.Receive(f.ctx)
		require.Error(t, err, "it is closed")

		// A server that knows who is there takes no credentials.
		ada := f.join("ada")
		live := ada.query("")
		_, err = ada.node.Connect(ada.link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		synctest.Wait()
		require.ErrorIs(t, live.State().Err, node.ErrCredential)
	})
}

// absentMinded is an authenticator that takes its time, whatever it is told.
type absentMinded struct{ hold chan struct{} }

func (a absentMinded) Authenticate(_ context.Context, credential []byte) (node.Identity, error) {
	<-a.hold
	return node.Identity{Principal: node.Principal(credential)}, nil
}

// knock dials a server that knows nobody, and says hello.
func (f *fixture) knock() *stranger {
	f.Helper()
	near, far := pipe.New()
	go func() { _ = f.node.ServeStranger(f.ctx, far) }()
	f.Cleanup(func() { _ = near.Close() })
	s := &stranger{T: f.T, ctx: f.ctx, conn: near}
	s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Time: time.Now().UnixMicro()})
	return s
}

// TestACredentialThatWasGivenUpIsNotGranted: not when it is accepted after all, either.
func TestACredentialThatWasGivenUpIsNotGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		f := start(t, node.WithAuthenticator(absentMinded{hold}))
		s := f.knock()
		s.send(&wire.Authenticate{Request: 1, Credential: []byte("ada")})
		synctest.Wait()
		s.send(&wire.Cancel{Request: 1})
		synctest.Wait()
		close(hold)
		synctest.Wait()
		s.send(&wire.Get{Request: 2, As: 1, Collection: "albums", Entity: event.ID{1}})
		require.Equal(t, wire.CodeCredential, s.hear().(*wire.Failure).Code)
	})
}

// TestAStrangerDoesNotKeepItsPlace: whoever shows nothing that is accepted, or has shown
// something that is in force no longer, however alive it is.
func TestAStrangerDoesNotKeepItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &doorkeeper{banned: map[string]bool{"mallory": true}}
		f := start(t, node.WithAuthenticator(d))
		began := time.Now()
		ends := func(s *stranger, after time.Duration) {
			t.Helper()
			bye, ok := s.hear().(*wire.Bye) // pings are answered
			require.True(t, ok)
			require.Equal(t, wire.CodeCredential, bye.Code)
			require.Equal(t, after, time.Since(began))
		}
		ends(f.knock(), time.Minute)

		began = time.Now()
		s := f.knock()
		s.send(&wire.Authenticate{Request: 1, Credential: []byte("I am mallory")})
		require.IsType(t, &wire.Failure{}, s.hear())
		ends(s, time.Minute)

		began = time.Now()
		s = f.knock()
		s.send(&wire.Authenticate{Request: 1, Credential: []byte("I am ada")})
		require.IsType(t, &wire.Authenticated{}, s.hear())
		for time.Since(began) < time.Hour {
			if ping, ok := s.hearAll().(*wire.Ping); ok {
				s.send(&wire.Pong{Number: ping.Number})
			}
		}
		synctest.Wait()
		s.send(&wire.Get{Request: 2, As: 1, Collection: "albums", Entity: event.ID{1}})
		require.IsType(t, &wire.Rows{}, s.hear(), "who has been accepted stays")
		began = time.Now()
		require.Equal(t, 1, f.node.Revoke("ada"))
		require.IsType(t, &wire.Failure{}, s.hear())
		ends(s, time.Minute)
	})
	cluster(t, func(t *testing.T, f *fixture) { // who is known needs to show nothing
		s := f.visit("ada")
		for began := time.Now(); time.Since(began) < 10*time.Minute; {
			if ping, ok := s.hearAll().(*wire.Ping); ok {
				s.send(&wire.Pong{Number: ping.Number})
			}
		}
	})
}
