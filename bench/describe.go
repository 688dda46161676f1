package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/jackc/pgx/v5"
)

// peers are the modules whose versions matter.
var peers = []string{
	"github.com/cockroachdb/pebble/v2", "github.com/mattn/go-sqlite3", "github.com/hashicorp/go-memdb",
	"github.com/nats-io/nats-server/v2", "github.com/nats-io/nats.go", "github.com/coder/websocket",
	"github.com/jackc/pgx/v5", "github.com/tikv/client-go/v2",
}

// describe prints what the figures depend on.
func (r *run) describe(ctx context.Context) error {
	r.say("%s, %s/%s, %d CPUs, GOMAXPROCS %d", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), runtime.GOMAXPROCS(0))
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.say("load of the machine before the run: %s", strings.Join(strings.Fields(string(load))[:3], " "))
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if slices.Contains(peers, m.Path) {
				r.say("%s %s", m.Path, m.Version)
			}
		}
	}
	r.say("%d entities, %d standing queries, %d events; median of %d samples, %v for a case",
		r.entities, r.standing, r.events, r.rounds, r.limit)
	r.say("sqlite: %s; table with a text primary key; one connection, prepared statements", sqliteMode(true))
	r.say("sqlite relaxed: %s", sqliteMode(false))
	r.say("nats: JetStream in files, key-value bucket; durable SyncAlways; relaxed syncs every 2 min; in-process connections but in sync and fanout")
	return r.describePebble(ctx)
}

// describePebble prints in what the options of the raw store, which are those of
// Ank's, differ from Pebble's defaults.
func (r *run) describePebble(ctx context.Context) error {
	options, err := r.storeOptions(ctx)
	if err != nil {
		return err
	}
	defaults := new(pebble.Options)
	defaults.EnsureDefaults()
	usual := strings.Split(defaults.String(), "\n")
	var differ []string
	for line := range strings.SplitSeq(options.String(), "\n") {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "=") && !slices.ContainsFunc(usual, func(u string) bool { return strings.TrimSpace(u) == line }) {
			if !slices.Contains(differ, line) {
				differ = append(differ, line)
			}
		}
	}
	r.say("pebble, ours and raw alike, where not default: %s", strings.Join(differ, " "))
	return nil
}

// describeServers prints which servers engines has, and what durable means there.
func (r *run) describeServers(ctx context.Context) error {
	if !r.serves(onPostgres) {
		r.say("engines: there is no PostgreSQL server: ANK_TEST_POSTGRES is not set")
	} else if err := r.describePostgres(ctx); err != nil {
		return err
	}
	if !r.serves(onTiKV) {
		r.say("engines: there is no TiKV cluster: ANK_TEST_TIKV is not set")
	} else {
		r.say("engines: what ANK_TEST_TIKV names; scripts/tikv starts one store with one copy, unistore, which syncs every write")
	}
	w, err := r.transactionWeights(ctx)
	r.say("engines: bytes of entry, address of the event, and state: %d, %d, %d of a creation, %d, %d, %d of an update",
		w.create.entry, w.create.address, w.create.state, w.update.entry, w.update.address, w.update.state)
	return err
}

func (r *run) describePostgres(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.postgres)
	if err != nil {
		return err
	}
	var version, fsync, commit, buffers string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('shared_buffers')`).
		Scan(&version, &fsync, &commit, &buffers)
	r.say("engines: PostgreSQL %s, fsync %s, synchronous_commit %s, shared_buffers %s, for everybody", version, fsync, commit, buffers)
	return errors.Join(err, conn.Close(ctx))
}
