// Package engines opens a store by its name, so that a program takes any engine by one
// argument:
//
//	engine, err := engines.Open(ctx, "pebble:data")
//
// The names are
//
//	memory:          gone when the program ends
//	pebble:DIR       in a folder, by package pebble
//	postgres://...   in a PostgreSQL database, by package postgres; the parameter
//	                 ank_schema names the schema there, if it is not ank
//	tikv://PD/SYSTEM in a TiKV cluster, by package tikv: the address of a placement
//	                 driver, or several with commas between them, and the system's name;
//	                 with ?notices=HOST:PORT, and advertise=IP or IP:PORT if others reach
//	                 that elsewhere, engines tell each other at once of their commits;
//	                 ca=FILE, cert=FILE and key=FILE are for a cluster that speaks TLS
//
// A program that imports this package has all engines in it. One that wants a single
// engine, or its options, imports that engine's package.
package engines

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/tikv"
)

// Names says in a line which names there are, for help texts.
const Names = "memory:, pebble:DIR, postgres://... or tikv://PD/SYSTEM"

// NameError is a name that is none.
type NameError struct {
	Name   string
	Reason string // what is wrong with the rest of it, if there is such a store; or ""
}

func (e *NameError) Error() string {
	switch {
	case e.Name == "":
		return "no store is named: there are " + Names
	case e.Reason != "":
		return fmt.Sprintf("%s: %s", Public(e.Name), e.Reason)
	}
	return fmt.Sprintf("%s: no such store; there are %s", Public(e.Name), Names)
}

// Open opens the store that a name names, and makes it if it is not there. The error is a
// *[NameError] if the name is none, or that of the engine.
func Open(ctx context.Context, name string) (storage.Engine, error) {
	kind, where, _ := strings.Cut(name, ":")
	switch {
	case kind == "memory" && where == "" && name != kind:
		return memory.Open()
	case kind == "pebble" && where != "":
		return pebble.Open(ctx, where, pebble.Options{})
	case (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(where, "//"):
		return postgres.Open(ctx, name, postgres.Options{})
	case kind == "tikv":
		return openTiKV(ctx, name, where)
	}
	return nil, &NameError{Name: name}
}

func openTiKV(ctx context.Context, name, where string) (storage.Engine, error) {
	cluster, slashes := strings.CutPrefix(where, "//")
	cluster, parameters, _ := strings.Cut(cluster, "?")
	placement, system, slash := strings.Cut(cluster, "/")
	if !slashes || !slash || placement == "" || system == "" {
		return nil, &NameError{Name: name}
	}
	options := tikv.Options{PD: strings.Split(placement, ","), System: system}
	if err := setTiKV(&options, parameters); err != nil {
		return nil, &NameError{Name: name, Reason: err.Error()}
	}
	tikv.Quiet() // standard output is the program's
	return tikv.Open(ctx, options)
}

// setTiKV sets the options that the parameters of a name name.
func setTiKV(options *tikv.Options, parameters string) error {
	values, err := url.ParseQuery(parameters)
	if err != nil {
		return err
	}
	var files tikv.TLS
	for key, value := range values {
		switch key {
		case "ca":
			files.Authority = value[0]
		case "cert":
			files.Certificate = value[0]
		case "key":
			files.Key = value[0]
		case "notices":
			options.Notices = value[0]
		case "advertise":
			options.Advertise = value[0]
		default:
			return fmt.Errorf("there is no parameter %s; there are notices, advertise, ca, cert and key", key)
		}
	}
	if files != (tikv.TLS{}) {
		options.TLS = &files
	}
	return nil
}

// Public is a name without the password in it, for people to read.
func Public(name string) string {
	u, err := url.Parse(name)
	if err != nil {
		scheme, _, _ := strings.Cut(name, ":")
		return scheme + ":..."
	}
	if values := u.Query(); values.Has("password") {
		values.Set("password", "xxxxx")
		u.RawQuery = values.Encode()
	}
	if u.User == nil && u.RawQuery == "" {
		return name
	}
	return u.Redacted()
}
