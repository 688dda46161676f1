package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
)

// Program is the command ank with what an application brings along. The zero Program
// is cmd/ank.
type Program struct {
	// Models are the collections of the application. Without any, the program takes the
	// models of its clients.
	Models []*model.Schema
	// Options are given to the node, such as hooks. With Policy they must not name a
	// policy.
	Options []node.Option
	// Policy, if any, takes the place of the flags -access and -allow-all.
	Policy node.Policy
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

const help = `usage: ank COMMAND [flags]

	serve    serve clients over WebSockets
	dump     write all of a store into one stream
	load     make a store of such a stream
	verify   derive everything in a store once more, and report the first difference
	restored close the log of a store that was restored from an old copy

"ank COMMAND -h" lists its flags.
`

// Main runs the program with the arguments of the process, and ends the process: with
// status 0, with 2 after a mistake on the command line, with 1 after any other error.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process
	err := p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "ank:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		os.Exit(2)
	}
	os.Exit(1)
}

// Run runs the program until it is done, or until ctx ends, which is how it is asked to
// end. What it has to tell goes to out, and what an operator may want to know to log.
func (p Program) Run(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(log, help)
		return usage("no command")
	}
	switch args[0] {
	case "serve":
		return p.serve(ctx, args[1:], out, log)
	case "dump", "load", "verify", "restored":
		return p.storeCommand(ctx, args[0], args[1:], out, log)
	case "help", "-h", "--help", "-help":
		fmt.Fprint(out, help)
		return nil
	}
	fmt.Fprint(log, help)
	return usage("there is no command %q", args[0])
}
