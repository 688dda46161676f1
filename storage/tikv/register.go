package tikv

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/tikv/client-go/v2/oracle"

	"github.com/ankgo/ank/internal/codec"
)

// The engines of a system that hear of each other's writes are listed in the store. There
// are as many places as there may be such engines; each engine has one, and writes there
// from time to time that it still is.
const (
	controlPlace = 'n' // the name of a control key; the number of a place follows
	places       = 128
	maxAddress   = 64
)

// listing is what an engine writes at its place.
type listing struct {
	at      uint64 // the timestamp of when it was written
	name    engineName
	secret  secret
	address netip.AddrPort
}

func (l listing) encode() []byte {
	b := codec.AppendUint64(nil, l.at)
	b = append(append(b, l.name[:]...), l.secret[:]...)
	return codec.AppendString(b, l.address.String())
}

func decodeListing(b []byte) (l listing, err error) {
	var r codec.Reader
	r.Reset(b)
	l.at = r.Uint64()
	copy(l.name[:], r.Fixed(len(l.name)))
	copy(l.secret[:], r.Fixed(len(l.secret)))
	address := r.String(maxAddress)
	if err := r.Done(); err != nil {
		return l, err
	}
	l.address, err = netip.ParseAddrPort(address)
	return l, err
}

// age is how long before a timestamp it was written, by the placement driver's clock.
func (l listing) age(ts uint64) time.Duration {
	return oracle.GetTimeFromTS(ts).Sub(oracle.GetTimeFromTS(l.at))
}

// register is the list as it was at one timestamp.
type register struct {
	driver *driver
	ts     uint64
	listed map[byte]listing // by place; what cannot be read is as if it had never been renewed
}

// register reads the list.
func (d *driver) register(ctx context.Context) (*register, error) {
	ts, err := d.timestamp(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([][]byte, places)
	for i := range keys {
		keys[i] = d.place(byte(i))
	}
	stored, err := d.client.GetSnapshot(ts).BatchGet(ctx, keys)
	if err != nil {
		return nil, classify(err)
	}
	r := &register{driver: d, ts: ts, listed: make(map[byte]listing, len(stored))}
	for i := range keys {
		if value, ok := stored[string(keys[i])]; ok {
			l, err := decodeListing(value)
			if err != nil {
				l = listing{}
			}
			r.listed[byte(i)] = l
		}
	}
	return r, nil
}

// place is the key of a place.
func (l layout) place(n byte) []byte { return append(l.control(controlPlace), n) }

// find returns the place of an engine.
func (r *register) find(engine engineName) (place byte, ok bool) {
	for place, l := range r.listed {
		if l.name == engine {
			return place, true
		}
	}
	return 0, false
}

// others lists all but one engine, of those that have written lately.
func (r *register) others(self engineName, lately time.Duration) (list []listing) {
	for _, l := range r.listed {
		if l.name != self && l.age(r.ts) <= lately {
			list = append(list, l)
		}
	}
	return list
}

// write writes a listing at the engine's place, or at one that nobody has, and removes
// those that have not been written lately.
func (r *register) write(ctx context.Context, l listing, lately time.Duration) error {
	t, err := r.driver.begin(r.ts)
	if err != nil {
		return err
	}
	place, has := r.find(l.name)
	for n := range byte(places) {
		old, taken := r.listed[n]
		if taken && old.age(r.ts) > lately && old.name != l.name {
			taken = false
			if err := t.delete(r.driver.place(n)); err != nil {
				return err
			}
		}
		if !taken && !has {
			place, has = n, true
		}
	}
	if !has {
		return fmt.Errorf("tikv: all %d places of engines that are told of commits are taken", places)
	}
	l.at = r.ts
	if err := t.set(r.driver.place(place), l.encode()); err != nil {
		return err
	}
	return t.commit(ctx)
}

// remove removes the listing of an engine.
func (r *register) remove(ctx context.Context, engine engineName) error {
	place, ok := r.find(engine)
	if !ok {
		return nil
	}
	t, err := r.driver.begin(r.ts)
	if err != nil {
		return err
	}
	if err := t.delete(r.driver.place(place)); err != nil {
		return err
	}
	return t.commit(ctx)
}
