package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say how a store is opened. The zero value is good.
type Options struct {
	// Schema is the database schema that holds the store: by default what the DSN says
	// of ank_schema, or else "ank". It is created if it is missing, and must hold
	// nothing else.
	Schema string

	// Snapshots is how many connections snapshots may take, 16 by default. Each
	// snapshot has one, until all are taken; then those of the same commit share,
	// and one of another commit waits for a connection.
	Snapshots int

	// StatementTimeout bounds what the server spends on one statement of a reader
	// or of a commit; zero leaves it to the server's setting. One that takes longer is an
	// ErrTimeout.
	StatementTimeout time.Duration

	// Turn is how long a process may keep others from committing while nothing is heard
	// of it: one that was halted, or whose machine is gone, in the middle of a commit.
	// 10 seconds by default.
	Turn time.Duration

	// Patience is how long a commit or a snapshot tries again when the connection
	// fails, or the server does not take it, before anything was written; 30
	// seconds by default, negative: not at all.
	Patience time.Duration
}

const (
	defaultSchema    = "ank"
	defaultSnapshots = 16
	defaultPatience  = 30 * time.Second
	defaultTurn      = 10 * time.Second

	// cancelDelay is how long a statement that was asked to stop has for it before
	// its connection is cut.
	cancelDelay = 5 * time.Second
)

// schemaParameter is what names the schema in a DSN.
const schemaParameter = "ank_schema"

func (o *Options) complete(dsn string) error {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return err
	}
	if o.Schema == "" {
		o.Schema = c.ConnConfig.RuntimeParams[schemaParameter]
	}
	if o.Schema == "" {
		o.Schema = defaultSchema
	}
	if o.Snapshots <= 0 {
		o.Snapshots = defaultSnapshots
	}
	if o.Turn <= 0 {
		o.Turn = defaultTurn
	}
	switch {
	case o.Patience == 0:
		o.Patience = defaultPatience
	case o.Patience < 0:
		o.Patience = 0
	}
	if len(o.Schema) > maxIdentifier-len(channelPrefix) {
		return fmt.Errorf("the schema's name is longer than %d bytes: %q", maxIdentifier-len(channelPrefix), o.Schema)
	}
	return nil
}

// config returns the settings of a pool of connections.
func (o *Options) config(dsn string, connections int) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	c.MinConns, c.MaxConns = 0, int32(connections)
	p := c.ConnConfig.RuntimeParams
	delete(p, schemaParameter)
	p["search_path"] = quote(o.Schema)
	p["default_transaction_isolation"] = "read committed"
	p["idle_in_transaction_session_timeout"] = "0"
	p["lock_timeout"] = "0"
	p["timezone"] = "UTC"
	p["cursor_tuple_fraction"] = "1"
	p["jit"] = "off"
	// A plan that was made when a table was small is not kept when it has grown.
	p["plan_cache_mode"] = "force_custom_plan"
	if p["application_name"] == "" {
		p["application_name"] = "ank"
	}
	if o.StatementTimeout > 0 {
		p["statement_timeout"] = fmt.Sprint(o.StatementTimeout.Milliseconds())
	}
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelDelay}
	}
	return c, nil
}
