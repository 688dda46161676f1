package program

import (
	"net"
	"sync"
)

// defaultConnections bounds how many connections there are at a time where a process may
// have more.
const defaultConnections = 16 << 10

// places returns how many connections a server takes at a time that is told to take so
// many, 0: as it sees fit, and whose process may have so many files open. The store's
// files need to be opened whoever connects: one that cannot open its log takes no more
// writes.
func places(told int, files uint64) int {
	if told == 0 {
		told = defaultConnections
	}
	return max(1, int(min(uint64(told), files/2)))
}

// door is a listener that turns away who comes while as many are there as there are
// places. They try again later.
type door struct {
	net.Listener
	places chan struct{}
}

func newDoor(l net.Listener, places int) *door { return &door{l, make(chan struct{}, places)} }

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case d.places <- struct{}{}:
			return &guest{Conn: c, leave: sync.OnceFunc(func() { <-d.places })}, nil
		default:
			_ = c.Close() // nothing was said on it
		}
	}
}

// guest is a connection that has a place.
type guest struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
