package tikv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// far is longer than any test: what is done only so often does not happen.
const far = time.Hour

// patient is how long tests wait for what happens soon.
const patient, often = 20 * time.Second, time.Millisecond

// listener is a driver that counts what it hears.
type listener struct {
	*driver
	t     *testing.T
	heard chan struct{} // holds one if something was
}

// listen opens a driver over the test's system, with notices at a pace.
func listen(t *testing.T, p pace, advertise string) *listener {
	t.Helper()
	d, err := openDriver(context.Background(), Options{
		PD: strings.Split(os.Getenv(enginetest.TiKV), ","), System: fmt.Sprintf("%s-%d", t.Name(), os.Getpid()),
		Notices: "127.0.0.1:0", Advertise: advertise,
	}, p)
	require.NoError(t, err)
	l := &listener{driver: d, t: t, heard: make(chan struct{}, 1)}
	t.Cleanup(func() {
		if d.ctx.Err() == nil {
			require.NoError(t, d.Close())
		}
	})
	return l
}

// count begins to count.
func (l *listener) count() {
	l.t.Cleanup(l.Notify(func() { ring(l.heard) }))
}

func (l *listener) hearsSomething(why string) {
	l.t.Helper()
	select {
	case <-l.heard:
	case <-time.After(patient):
		l.t.Fatal("nothing was heard: " + why)
	}
}

func (l *listener) write() {
	l.t.Helper()
	var w kv.Writes
	w.Set([]byte("m/key"), []byte("value"))
	require.NoError(l.t, l.Write(context.Background(), &w, true))
}

// knows reports whether others, as many as are given, are known and heard.
func (l *listener) knows(others int) bool { return len(l.notices.known()) == others && l.Hears() }

func acquainted(t *testing.T, all ...*listener) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, l := range all {
			if !l.knows(len(all) - 1) {
				return false
			}
		}
		return true
	}, patient, often)
}

// TestNoticesOfCommits: whatever one engine commits the others hear of, and of nothing
// else: nobody looks at the store, and nobody says that it is there.
func TestNoticesOfCommits(t *testing.T) {
	p := pace{hello: far, gap: time.Millisecond, renew: far, look: time.Millisecond}
	a, b, c := listen(t, p, ""), listen(t, p, ""), listen(t, p, "")
	acquainted(t, a, b, c)
	b.count()
	c.count()
	for range 20 {
		a.write()
		b.hearsSomething("a has written")
		c.hearsSomething("a has written")
	}
	a.count()
	b.write()
	a.hearsSomething("b has written")
}

// TestWatchByNotices is the same for engines.
func TestWatchByNotices(t *testing.T) {
	p := pace{hello: far, gap: time.Millisecond, renew: far, look: time.Millisecond}
	a, b := listen(t, p, ""), listen(t, p, "")
	acquainted(t, a, b)
	ctx, cancel := context.WithCancel(t.Context())
	writer, err := kv.OpenShared(ctx, a.driver, kv.Options{})
	require.NoError(t, err)
	reader, err := kv.OpenShared(ctx, b.driver, kv.Options{})
	require.NoError(t, err)
	ended := make(chan error, 1)
	noticed := make(chan struct{}, 1)
	go func() { ended <- reader.(storage.Shared).Watch(ctx, func() { ring(noticed) }) }()
	for n := range 20 {
		value := fmt.Append(nil, n)
		require.NoError(t, writer.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "n", Value: value}}}))
		for found := ""; found != string(value); found = meta(t, reader, "n") {
			<-noticed
		}
	}
	cancel()
	require.NoError(t, <-ended)
	require.NoError(t, writer.Close())
	require.NoError(t, reader.Close())
}

func meta(t *testing.T, e storage.Engine, key string) string {
	t.Helper()
	v, err := e.Snapshot(context.Background())
	require.NoError(t, err)
	defer v.Close()
	value, err := v.Meta(context.Background(), key)
	require.NoError(t, err)
	return string(value)
}

// TestLostNotices loses what is sent to one engine. When something arrives again, it makes
// up for all; as long as nothing does, the engine is one that hears nobody, and looks for
// itself.
func TestLostNotices(t *testing.T) {
	p := pace{hello: 20 * time.Millisecond, gap: time.Millisecond, renew: far, look: time.Millisecond}
	line := newLine(t)
	b := listen(t, p, line.address())
	line.to(b.notices.conn.LocalAddr().(*net.UDPAddr).AddrPort())
	a := listen(t, p, "")
	acquainted(t, a, b)
	line.lose(true)
	b.count()
	a.write()
	require.Eventually(t, func() bool { return !b.Hears() }, patient, often)
	require.True(t, a.Hears(), "the other way goes on")
	require.Empty(t, b.heard)
	line.lose(false)
	b.hearsSomething("the next datagram tells of all writes")
	require.Eventually(t, b.Hears, patient, often)
}

// TestForgedNotices sends an engine what its peers did not send, and what they sent before.
func TestForgedNotices(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, seed))
	p := pace{hello: far, gap: time.Millisecond, renew: far, look: far}
	b := listen(t, p, "")
	b.count()
	known, outside := listing{name: engineName{1}, address: b.notices.self.address}, engineName{2}
	require.Eventually(t, func() bool { return !b.notices.reviewedAt().IsZero() }, patient, often)
	b.notices.meet([]listing{known})
	out, err := net.Dial("udp", b.notices.self.address.String())
	require.NoError(t, err)
	defer out.Close()
	send := func(packet []byte) {
		_, err := out.Write(packet)
		require.NoError(t, err)
	}
	genuine := func(number, writes uint64) []byte {
		return datagram{from: known.name, number: number, writes: writes}.seal(b.notices.self.secret)
	}
	// What comes after it on the same connection tells when something was received.
	number := uint64(0)
	received := func() {
		t.Helper()
		number += 10
		send(genuine(number, 0))
		require.Eventually(t, func() bool { return b.notices.newest(known.name) == number }, patient, often)
	}
	received()
	b.hearsSomething("the first datagram of a peer")
	for range 200 {
		packet := genuine(number+1, 7)
		switch rng.IntN(4) {
		case 0:
			packet[rng.IntN(len(packet))] ^= 1 << rng.IntN(8)
		case 1:
			packet = packet[:rng.IntN(len(packet))]
		case 2:
			packet = append(packet, 0)
		case 3:
			packet = datagram{from: known.name, number: number + 1, writes: 7}.seal(secret{byte(rng.Uint32())})
		}
		send(packet)
	}
	received()
	require.Empty(t, b.heard, "seed %d: forged", seed)
	send(genuine(number, 7))
	send(genuine(number-1, 8))
	received()
	require.Empty(t, b.heard, "replayed")
	send(datagram{from: outside, number: 1}.seal(b.notices.self.secret))
	b.hearsSomething("somebody who can read the store, and is not on the list")
	for n := range uint64(100) {
		send(datagram{from: outside, number: n}.seal(b.notices.self.secret))
	}
	received()
	require.Empty(t, b.heard, "which counts once for each review of the list")
	send(genuine(number+1, 1))
	b.hearsSomething("a peer has written")
}

func (n *notices) reviewedAt() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reviewed
}

// newest is the number of the newest datagram of a peer.
func (n *notices) newest(from engineName) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[from].number
}

// TestDeadEngines: one that ends takes itself off the list, and one that was killed is
// taken off by the others.
func TestDeadEngines(t *testing.T) {
	p := pace{hello: 20 * time.Millisecond, gap: time.Millisecond, renew: 100 * time.Millisecond, look: time.Millisecond}
	a, b, c := listen(t, p, ""), listen(t, p, ""), listen(t, p, "")
	acquainted(t, a, b, c)
	require.NoError(t, c.Close())
	r, err := a.register(t.Context())
	require.NoError(t, err)
	require.Len(t, r.listed, 2, "it says that it leaves")
	require.NoError(t, b.stop()) // as when it is killed
	require.NoError(t, b.letGo())
	require.Eventually(t, func() bool {
		r, err := a.register(t.Context())
		require.NoError(t, err)
		return len(r.listed) == 1 && a.knows(0)
	}, patient, often)
}

// TestSilentEngines: whoever is listed and not heard may write unnoticed.
func TestSilentEngines(t *testing.T) {
	now := time.Now()
	n := &notices{pace: usualPace(), peers: make(map[engineName]*peer), told: make(chan struct{}, 1)}
	require.False(t, n.hears(now), "nobody has read the list")
	n.reviewed = now
	require.True(t, n.hears(now), "there is nobody else")
	require.True(t, n.meet([]listing{{name: engineName{1}}, {name: engineName{2}}}))
	require.False(t, n.hears(now), "nothing came yet")
	require.True(t, n.hear(datagram{from: engineName{1}, number: 1}, now))
	require.False(t, n.hears(now))
	require.True(t, n.hear(datagram{from: engineName{2}, number: 1}, now))
	require.True(t, n.hears(now))
	now = now.Add(n.pace.silent() + 1)
	require.False(t, n.hears(now))
	require.False(t, n.hear(datagram{from: engineName{1}, number: 2}, now), "it says that it is there, and nothing new")
	require.False(t, n.hears(now))
	require.False(t, n.meet([]listing{{name: engineName{1}}}))
	require.True(t, n.hears(now), "the silent one is not listed any more")
	require.False(t, n.hears(n.reviewed.Add(n.pace.lately()+1)), "the list is old")
}

// TestFullRegister: who finds no place stays outside, and gets the place of one that is gone.
func TestFullRegister(t *testing.T) {
	d := testDriver(t)
	ctx := t.Context()
	self := listing{address: netip.MustParseAddrPort("[::1]:1")}
	for n := range places {
		r, err := d.register(ctx)
		require.NoError(t, err)
		require.Len(t, r.listed, n)
		self.name = engineName{1, byte(n)}
		require.NoError(t, r.write(ctx, self, far))
	}
	r, err := d.register(ctx)
	require.NoError(t, err)
	self.name = engineName{2}
	require.ErrorContains(t, r.write(ctx, self, far), "all 128 places")
	require.Len(t, r.others(engineName{1, 1}, far), places-1)
	r, err = d.register(ctx)
	require.NoError(t, err)
	require.NoError(t, r.write(ctx, self, -time.Second), "all are gone")
	r, err = d.register(ctx)
	require.NoError(t, err)
	require.Len(t, r.listed, 1)
	other, err := d.register(ctx)
	require.NoError(t, err)
	require.NoError(t, r.remove(ctx, self.name))
	self.name = engineName{3}
	require.ErrorIs(t, other.write(ctx, self, -time.Second), kv.ErrMoved, "of two that take a place one gets it")
}

func TestAdvertisedAddresses(t *testing.T) {
	for _, c := range []struct{ bound, told, want string }{
		{"127.0.0.1:7", "", "127.0.0.1:7"},
		{"[::ffff:10.0.0.1]:7", "", "10.0.0.1:7"},
		{"0.0.0.0:7", "10.0.0.1", "10.0.0.1:7"},
		{"[::]:7", "fe80::1%eth0", "[fe80::1%eth0]:7"},
		{"[::]:7", "10.0.0.1:0", "10.0.0.1:7"},
		{"[::]:7", "10.0.0.1:8", "10.0.0.1:8"},
	} {
		got, err := advertised(netip.MustParseAddrPort(c.bound), c.told)
		require.NoError(t, err)
		require.Equal(t, c.want, got.String())
		l := listing{at: 5, name: engineName{1}, secret: secret{2}, address: got}
		decoded, err := decodeListing(l.encode())
		require.NoError(t, err)
		require.Equal(t, l, decoded)
	}
	for _, told := range []string{"", "0.0.0.0:1", "[::]:1", "host:1", "host", ":1", "10.0.0.1:x"} {
		_, err := advertised(netip.MustParseAddrPort("0.0.0.0:7"), told)
		require.Error(t, err, told)
	}
	for _, where := range []string{"0.0.0.0:0", "1.2.3.4.5:0", "127.0.0.1"} {
		_, err := Open(t.Context(), Options{PD: strings.Split(os.Getenv(enginetest.TiKV), ","), System: t.Name(), Notices: where})
		require.Error(t, err, where)
	}
}

// line passes datagrams on, or loses them.
type line struct {
	conn *net.UDPConn

	mu     sync.Mutex // protects what follows
	target netip.AddrPort
	lossy  bool
}

func newLine(t *testing.T) *line {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	l := &line{conn: conn}
	var running sync.WaitGroup
	running.Go(l.pass)
	t.Cleanup(func() {
		conn.Close()
		running.Wait()
	})
	return l
}

func (l *line) address() string { return l.conn.LocalAddr().String() }

func (l *line) to(target netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

func (l *line) lose(lossy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lossy = lossy
}

func (l *line) pass() {
	b := make([]byte, 1<<10)
	for {
		n, err := l.conn.Read(b)
		if err != nil {
			return
		}
		l.mu.Lock()
		if !l.lossy && l.target.IsValid() {
			_, _ = l.conn.WriteToUDPAddrPort(b[:n], l.target)
		}
		l.mu.Unlock()
	}
}
