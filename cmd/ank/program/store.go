package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/dump"
	"github.com/ankgo/ank/storage/engines"
	"github.com/ankgo/ank/storage/verify"
)

// open opens the store that a text names.
func open(ctx context.Context, name string) (storage.Engine, error) {
	if name == "" {
		return nil, usage("-store is needed: %s", engines.Names)
	}
	engine, err := engines.Open(ctx, name)
	if _, bad := errors.AsType[*engines.NameError](err); bad {
		return nil, usage("-store %w", err)
	}
	return engine, err
}

// tool is a command that works on a store which no node has open.
type tool struct {
	models []*model.Schema
	in     io.Reader
	out    io.Writer
	log    io.Writer

	name  string
	store string
	file  string // "": standard input or output
	told  time.Time
}

// storeCommand runs one of the commands on stores.
func (p Program) storeCommand(ctx context.Context, name string, args []string, out, log io.Writer) (err error) {
	t := &tool{models: p.Models, in: os.Stdin, out: out, log: log, name: name}
	if err := t.parse(args); err != nil {
		return err
	}
	engine, err := open(ctx, t.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if name == "load" {
		return t.load(ctx, engine)
	}
	if err := mustHold(ctx, engine); err != nil {
		return err
	}
	switch name {
	case "dump":
		return t.dump(ctx, engine)
	case "restored":
		return t.restored(ctx, engine)
	}
	return t.verify(ctx, engine)
}

// mustHold refuses a store in which nothing was ever stored: it is likely that another one
// was meant.
func mustHold(ctx context.Context, engine storage.Engine) error {
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, err := range s.MetaScan(ctx, "") {
		return err
	}
	return errors.New("there is nothing in this store")
}

func (t *tool) parse(args []string) error {
	f := flag.NewFlagSet("ank "+t.name, flag.ContinueOnError)
	f.SetOutput(t.log)
	f.StringVar(&t.store, "store", "", "the `store`: "+engines.Names)
	switch t.name {
	case "dump":
		f.StringVar(&t.file, "o", "", "the `file` to write, which must not be there; standard output by default")
	case "load":
		f.StringVar(&t.file, "i", "", "the `file` to read; standard input by default")
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	if f.NArg() > 0 {
		return usage("%q is no flag", f.Arg(0))
	}
	return nil
}

// dump is the command ank dump.
func (t *tool) dump(ctx context.Context, engine storage.Engine) (err error) {
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	to := t.out
	if t.file != "" {
		// A dump holds private keys.
		file, err := os.OpenFile(t.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		to = file
	}
	summary, err := dump.Write(ctx, s, to, t.progress)
	if err != nil {
		return err
	}
	t.sum("dumped", summary)
	return nil
}

// load is the command ank load.
func (t *tool) load(ctx context.Context, engine storage.Engine) error {
	from := t.in
	if t.file != "" {
		file, err := os.Open(t.file)
		if err != nil {
			return err
		}
		defer file.Close()
		from = file
	}
	summary, err := dump.Load(ctx, engine, from, t.progress)
	if err != nil {
		return err
	}
	t.sum("loaded", summary)
	return nil
}

// verify is the command ank verify.
func (t *tool) verify(ctx context.Context, engine storage.Engine) error {
	schemas, err := t.schemas(ctx, engine)
	if err != nil {
		return err
	}
	// Indexes that are missing are built, so that there is something to hold against the
	// records.
	if err := engine.Register(ctx, schemas...); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = engine.Build(ctx); err != nil {
			return err
		}
	}
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	report, err := verify.Store(ctx, s, verify.Options{Schemas: schemas, Progress: func(r verify.Report) {
		t.tell("%d entries and %d entities verified", r.Entries, r.Entities)
	}})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "ank: %d logs of %d entries, %d events, %d entities, %d index entries or columns: all as they should be\n",
		report.Logs, report.Entries, report.Events, report.Entities, report.Derived)
	if len(schemas) == 0 && report.Entities > 0 && report.Derived == 0 {
		fmt.Fprintln(t.out, "ank: indexes were not looked at, as this program has no models, and the store has learnt none")
	}
	summary, err := dump.Digest(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "ank: digest %v\n", summary.Digest)
	return nil
}

// restored is the command ank restored.
func (t *tool) restored(ctx context.Context, engine storage.Engine) (err error) {
	schemas, err := t.schemas(ctx, engine)
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, engine, node.Models(schemas...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		return err
	}
	// What was begun is ended, whatever else there is to be done.
	defer func() { err = errors.Join(err, n.Close(context.WithoutCancel(ctx))) }()
	old := n.Origin()
	if err := n.CloseOrigin(ctx); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "ank: the log of origin %v is closed, the node goes on as %v\n", old, n.Origin())
	if _, certified := n.Certificate(); !certified {
		fmt.Fprintln(t.out, "ank: the new origin is not certified yet, since the system's root key is elsewhere")
	}
	return nil
}

// schemas are the models of a store: those of the program, or those that it has learnt.
func (t *tool) schemas(ctx context.Context, engine storage.Engine) ([]*model.Schema, error) {
	if len(t.models) > 0 {
		return t.models, nil
	}
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return node.Learnt(ctx, s)
}

func (t *tool) progress(s dump.Summary) {
	t.tell("%d entries, %d records, %d bytes", s.Entries, s.Records, s.Bytes)
}

// tell says something to whoever waits, but not all the time.
func (t *tool) tell(format string, args ...any) {
	if now := time.Now(); now.Sub(t.told) >= time.Second {
		t.told = now
		fmt.Fprintf(t.log, "ank: "+format+"\n", args...)
	}
}

func (t *tool) sum(what string, s dump.Summary) {
	fmt.Fprintf(t.log, "ank: %s %d entries of %d events, %d records, %d values, %d bytes\nank: digest %v\n",
		what, s.Entries, s.Events, s.Records, s.Meta, s.Bytes, s.Digest)
}
