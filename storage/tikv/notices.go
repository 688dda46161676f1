package tikv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ankgo/ank/storage/kv"
)

// Engines of one system tell each other by datagrams that they have written. What a
// datagram does is that others look at the store, a little earlier than they would have
// done; so nothing depends on it, and four rules keep it from doing harm.
//
//   - N1. A datagram counts only if its sender can read the store, where the receiver's
//     secret is, and only if it is newer than what came from that sender before. To others
//     nothing is answered.
//   - N2. It says how often its sender has written. So of many that are lost, the next
//     one that arrives makes up for all, and one comes every few seconds.
//   - N3. Who was not heard of for a while may be out of reach: until all that are listed
//     are heard, the engine looks at the store as often as if there were no datagrams.
//   - N4. An engine is listed only as long as it says so in the store, by the clock of the
//     placement driver, and at most as many are listed as there are places.

// pace is how often things are done.
type pace struct {
	hello time.Duration // the longest time between two datagrams to the same engine
	gap   time.Duration // the shortest
	renew time.Duration // between two reviews of the list
	look  time.Duration // the shortest time between two of them
}

func usualPace() pace {
	return pace{hello: 2 * time.Second, gap: 5 * time.Millisecond, renew: 30 * time.Second, look: time.Second}
}

// silent is for how long an engine is not heard that is out of reach.
func (p pace) silent() time.Duration { return 3 * p.hello }

// lately is for how long an engine is listed that says nothing.
func (p pace) lately() time.Duration { return 4 * p.renew }

// notices tells other engines of what is written here, and hears of what they write.
type notices struct {
	driver *driver
	self   listing
	conn   *net.UDPConn
	pace   pace

	writes  atomic.Uint64
	told    chan struct{} // holds one if others should be told now
	outside chan struct{} // holds one if somebody was heard who is not known

	mu        sync.Mutex // protects what follows
	reviewed  time.Time
	peers     map[engineName]*peer
	listeners map[*func()]struct{}
}

// peer is another engine.
type peer struct {
	listing
	heard          time.Time // zero: never
	number, writes uint64    // of its newest datagram
}

// openNotices begins to listen. What it says is its address becomes known with run.
func openNotices(ctx context.Context, d *driver, o Options, p pace) (*notices, error) {
	packets, err := new(net.ListenConfig).ListenPacket(ctx, "udp", o.Notices)
	if err != nil {
		return nil, fmt.Errorf("tikv: listen for notices: %w", err)
	}
	conn := packets.(*net.UDPConn)
	address, err := advertised(conn.LocalAddr().(*net.UDPAddr).AddrPort(), o.Advertise)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tikv: %w", err), conn.Close())
	}
	n := &notices{
		driver: d, conn: conn, pace: p, self: listing{address: address},
		told: make(chan struct{}, 1), outside: make(chan struct{}, 1),
		peers: make(map[engineName]*peer), listeners: make(map[*func()]struct{}),
	}
	rand.Read(n.self.name[:]) // it never fails
	rand.Read(n.self.secret[:])
	return n, nil
}

// advertised is the address that others are told, of an engine that listens somewhere.
func advertised(bound netip.AddrPort, told string) (netip.AddrPort, error) {
	bound = netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
	if told == "" {
		if bound.Addr().IsUnspecified() {
			return bound, fmt.Errorf("others cannot reach an engine at %v: say at which address they can", bound)
		}
		return bound, nil
	}
	if host, err := netip.ParseAddr(told); err == nil {
		told = netip.AddrPortFrom(host, 0).String()
	}
	address, err := netip.ParseAddrPort(told)
	if err != nil || address.Addr().IsUnspecified() {
		return address, fmt.Errorf("%q is not the IP address, with or without a port, of one machine", told)
	}
	if address.Port() == 0 {
		address = netip.AddrPortFrom(address.Addr(), bound.Port())
	}
	return address, nil
}

// run begins to tell and to hear, until ctx is done and the connection is closed.
func (n *notices) run(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() { n.receive(ctx) })
	running.Go(func() { n.speak(ctx) })
	running.Go(func() { n.keep(ctx) })
}

// wrote has others told.
func (n *notices) wrote() {
	n.writes.Add(1)
	ring(n.told)
}

// ring does not wait, and reports whether it was the first to ring.
func ring(bell chan<- struct{}) bool {
	select {
	case bell <- struct{}{}:
		return true
	default:
		return false
	}
}

// speak tells others at once of what is written, and that this engine is there.
func (n *notices) speak(ctx context.Context) {
	ticker := time.NewTicker(n.pace.hello)
	defer ticker.Stop()
	for number := uint64(1); ; number++ {
		select {
		case <-n.told:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		d := datagram{from: n.self.name, number: number, writes: n.writes.Load()}
		for _, p := range n.known() {
			_, _ = n.conn.WriteToUDPAddrPort(d.seal(p.secret), p.address) // N3 is for those that it does not reach
		}
		if !sleep(ctx, n.pace.gap) {
			return
		}
	}
}

// known lists the others.
func (n *notices) known() []listing {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]listing, 0, len(n.peers))
	for _, p := range n.peers {
		list = append(list, p.listing)
	}
	return list
}

// receive listens until the connection is closed.
func (n *notices) receive(ctx context.Context) {
	b := make([]byte, datagramSize+1)
	for {
		size, _, err := n.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !sleep(ctx, n.pace.gap) {
				return
			}
			continue // some systems report here what became of a datagram that was sent
		}
		if d, ok := unseal(b[:size], n.self.secret); ok && n.hear(d, time.Now()) {
			n.notify()
		}
	}
}

// hear reports whether a datagram tells anything. What comes from somebody who is not
// known, or not any more, counts once for each review of the list.
func (n *notices) hear(d datagram, now time.Time) (news bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[d.from]
	if p == nil {
		return ring(n.outside)
	}
	if d.number <= p.number {
		return false
	}
	if p.heard.IsZero() {
		ring(n.told) // it may have been heard of by this engine alone
	}
	news = p.heard.IsZero() || d.writes != p.writes
	p.heard, p.number, p.writes = now, d.number, d.writes
	return news
}

func (n *notices) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for notice := range n.listeners {
		(*notice)()
	}
}

// listen is kv.Notifier's Notify.
func (n *notices) listen(notice func()) (stop func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[&notice] = struct{}{}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.listeners, &notice)
	}
}

// hears is N3.
func (n *notices) hears(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.reviewed) > n.pace.lately() {
		return false
	}
	for _, p := range n.peers {
		if now.Sub(p.heard) > n.pace.silent() {
			return false
		}
	}
	return true
}

// keep reviews the list from time to time, and when somebody is heard who is not known.
func (n *notices) keep(ctx context.Context) {
	for {
		wait := n.pace.renew
		if n.review(ctx) != nil {
			wait = n.pace.look // others look for themselves meanwhile, by N3
		}
		if !sleep(ctx, n.pace.look) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-n.outside:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// review reads the list, and writes to it what must be written. It reads after it has
// written, so that of two engines that come at the same time one finds the other; and who
// is on the list tells the others, who find it there.
func (n *notices) review(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.driver.patience)
	defer cancel()
	r, err := n.driver.register(ctx)
	if err != nil {
		return err
	}
	unlisted := error(nil)
	if place, ok := r.find(n.self.name); !ok || r.listed[place].age(r.ts) >= n.pace.renew/2 {
		unlisted = r.write(ctx, n.self, n.pace.lately())
		if r, err = n.driver.register(ctx); err != nil {
			return err
		}
		defer ring(n.told)
	}
	if n.meet(r.others(n.self.name, n.pace.lately())) {
		n.notify()
	}
	if unlisted == nil {
		n.mu.Lock()
		n.reviewed = time.Now()
		n.mu.Unlock()
	}
	return unlisted
}

// meet takes over who the others are, and reports whether some are new.
func (n *notices) meet(others []listing) (fresh bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.peers
	n.peers = make(map[engineName]*peer, len(others))
	for _, l := range others {
		p := before[l.name]
		if p == nil {
			p, fresh = &peer{}, true
			ring(n.told)
		}
		p.listing = l
		n.peers[l.name] = p
	}
	return fresh
}

// leave takes the engine off the list. Nothing of it runs any more.
func (n *notices) leave(ctx context.Context) {
	if r, err := n.driver.register(ctx); err == nil {
		_ = r.remove(ctx, n.self.name) // or others do, in a while
	}
}

var _ kv.Notifier = (*driver)(nil)

// Notify implements kv.Notifier.
func (d *driver) Notify(notice func()) (stop func()) {
	if d.notices == nil {
		return func() {}
	}
	return d.notices.listen(notice)
}

// Hears implements kv.Notifier: without notices nobody is heard.
func (d *driver) Hears() bool { return d.notices != nil && d.notices.hears(time.Now()) }
