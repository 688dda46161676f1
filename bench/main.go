package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"time"
)

// group is a group of workloads that can be run by itself.
type group struct {
	name string
	run  func(ctx context.Context, r *run) error
}

func groups() []group {
	return []group{
		{"commit", commitGroup},
		{"language", languageGroup},
		{"query", queryGroup},
		{"query-1m", manyGroup},
		{"text", textGroup},
		{"live", liveGroup},
		{"live-1m", multitudeGroup},
		{"kept", keptGroup},
		{"replay", replayGroup},
		{"sync", syncGroup},
		{"fanout", fanoutGroup},
		{"engines", enginesGroup},
	}
}

func groupNames() string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return strings.Join(names, ", ")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return program(ctx, os.Args[1:], os.Stdout) }
	if job, ok := os.LookupEnv(workerJob); ok {
		do = func() error { return work(ctx, job, os.Stdin, os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// program is main with its surroundings as arguments.
func program(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	name := flags.String("group", "all", groupNames()+", several with commas, or all")
	only := flags.String("only", "", "measure only figures whose name matches this regular expression")
	profiles := flags.String("profiles", "", "a folder for a CPU profile of every figure")
	cpu := flags.Bool("cpu", false, "print the CPU time of an operation too, for each sample")
	limit := flags.Duration("limit", full.limit, "the time of one case, in all its rounds")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	chosen, err := choose(*name)
	if err != nil {
		return err
	}
	r := &run{size: full, figures: newFigures(), profiles: *profiles, cpu: *cpu, log: out, servers: findServers()}
	r.limit = *limit
	if *only != "" {
		if r.only, err = regexp.Compile(*only); err != nil {
			return err
		}
	}
	if r.dir, err = os.MkdirTemp("", "ank-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.dir) }()
	return r.table(ctx, chosen, out)
}

// choose finds groups by name.
func choose(names string) ([]group, error) {
	all := groups()
	if names == "all" || names == "" {
		return all, nil
	}
	var chosen []group
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no group %q; there are %s and all", name, groupNames())
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// table runs groups and prints everything.
func (r *run) table(ctx context.Context, chosen []group, out io.Writer) error {
	began, printed := time.Now(), 0
	if err := r.describe(ctx); err != nil {
		return err
	}
	for _, g := range chosen {
		start := time.Now()
		err := g.run(ctx, r)
		printed = r.figures.print(out, printed)
		if err != nil {
			return fmt.Errorf("group %s: %w", g.name, err)
		}
		r.say("group %s took %.0f s", g.name, time.Since(start).Seconds())
	}
	judge(out, r.figures, chosen)
	r.say("everything took %.0f s", time.Since(began).Seconds())
	return nil
}
