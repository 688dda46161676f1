package tikv

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Options tell which cluster, which system in it, and how to get there.
type Options struct {
	// PD lists addresses of placement drivers, as "host:port". One that answers is
	// enough.
	PD []string

	// System names the system whose data it is. Systems of other names share the cluster
	// without seeing each other. It is 1 to 200 bytes long, none of them 0.
	System string

	// TLS names files that prove who is who. Nil means connections in the clear.
	TLS *TLS

	// Patience is how long one transaction is tried when servers do not answer, or answer
	// that they cannot at the moment. Zero means a minute.
	Patience time.Duration

	// Notices is where the engine listens for datagrams (UDP) of the other engines over the
	// system, by which each tells the others of its commits: "host:port", or with port 0 for
	// any that is free. "" means that it sends and hears none, and looks at the store ten
	// times a second instead. See "Notices" in the package comment.
	Notices string

	// Advertise is the IP address at which others reach what listens at Notices, with a port
	// if that is another one. "" means where it listens.
	Advertise string
}

// TLS names files in the form of PEM, all of which are needed: without a certificate the
// library would speak to placement drivers in the clear. Where a cluster does not ask who
// its clients are, any certificate will do.
type TLS struct {
	Authority   string // what the servers' certificates are checked by
	Certificate string
	Key         string
}

const defaultPatience = time.Minute

func (o Options) check() error {
	switch {
	case len(o.PD) == 0:
		return errors.New("no address of a placement driver is given")
	case o.System == "" || len(o.System) > 200 || strings.ContainsRune(o.System, 0):
		return fmt.Errorf("a system's name has 1 to 200 bytes, none of them 0: %q", o.System)
	case o.Notices == "" && o.Advertise != "":
		return errors.New("an address to be reached at is given, and none to listen at")
	case o.TLS != nil && o.TLS.Authority == "":
		return errors.New("TLS needs the file of the authority that servers' certificates are checked by")
	case o.TLS != nil && (o.TLS.Certificate == "" || o.TLS.Key == ""):
		return errors.New("TLS needs the files of a certificate and of its key")
	}
	return nil
}

// files returns the files, all "" for none.
func (o Options) files() TLS {
	if o.TLS == nil {
		return TLS{}
	}
	return *o.TLS
}

func (o Options) patience() time.Duration {
	if o.Patience == 0 {
		return defaultPatience
	}
	return o.Patience
}
