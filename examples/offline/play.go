package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ankgo/ank/node/auth"
)

// stage is the main program's view of the others.
type stage struct {
	ctx     context.Context
	program string
	dir     string
	out     io.Writer
	tokens  []string
	address string // of the server, once it has had one
	running map[string]*process
}

// play starts everybody and lets things go wrong.
func play(ctx context.Context, program, dir string, out io.Writer) (err error) {
	s := &stage{
		ctx: ctx, program: program, dir: dir, out: out, tokens: []string{auth.NewToken(), auth.NewToken()},
		address: "127.0.0.1:0", running: make(map[string]*process),
	}
	defer func() {
		for _, p := range s.running {
			err = errors.Join(err, p.kill())
		}
	}()
	for _, scene := range []func() error{s.together, s.apart, s.killed, s.back, s.end} {
		if err := scene(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// start starts a process: the server by its name, all others as clients.
func (s *stage) start(name string) error {
	role := "client"
	if name == "server" {
		role = name
	}
	p, ready, err := launch(s.ctx, s.program, name, s.tokens,
		"-role", role, "-name", name, "-dir", filepath.Join(s.dir, name), "-address", s.address)
	if err != nil {
		return err
	}
	if name == "server" {
		s.address = ready
	}
	s.running[name] = p
	return nil
}

func (s *stage) kill(name string) error {
	p := s.running[name]
	delete(s.running, name)
	return p.kill()
}

// tell has clients do something: each line is a client's name and a command.
func (s *stage) tell(script ...string) error {
	for _, line := range script {
		name, command, _ := strings.Cut(line, " ")
		if _, err := s.running[name].ask(command); err != nil {
			return err
		}
	}
	return nil
}

// show prints what a process answers.
func (s *stage) show(name, question string) ([]string, error) {
	lines, err := s.running[name].ask(question)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		s.say("  %-8s%s", name, line)
	}
	return lines, nil
}

// same waits until both clients show what the server has, and prints it.
func (s *stage) same() error {
	want, err := s.show("server", "show")
	if err != nil {
		return err
	}
	for _, name := range []string{"ada", "grace"} {
		if err := s.tell(name + " await " + strings.Join(want, "|")); err != nil {
			return err
		}
		got, err := s.show(name, "show")
		if err != nil {
			return err
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("%s shows %q and the server %q", name, got, want)
		}
	}
	return nil
}

func (s *stage) together() error {
	s.say("== a server and two clients, each a process of its own")
	for _, name := range []string{"server", "ada", "grace"} {
		if err := s.start(name); err != nil {
			return err
		}
	}
	if err := s.tell("ada connected", "grace connected", "ada add Parade|1986", "ada decided"); err != nil {
		return err
	}
	return s.same()
}

func (s *stage) apart() error {
	s.say("\n== the server is killed; both go on without it")
	if err := s.kill("server"); err != nil {
		return err
	}
	err := s.tell("ada lost", "grace lost",
		"ada rename Parade|Parade (1986)", "ada label Parade (1986)|Paisley Park",
		"ada add Batman|1989", "ada add Symphony|1808")
	if err != nil {
		return err
	}
	// Grace knows nothing of that, and renames the same album: a conflict, in one field.
	if err := s.tell("grace rename Parade|Parade, a film", "grace add Lovesexy|1988"); err != nil {
		return err
	}
	for _, name := range []string{"ada", "grace"} {
		if _, err := s.show(name, "show"); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) killed() error {
	s.say("\n== ada is killed as well, and starts again: nothing is lost")
	if err := s.kill("ada"); err != nil {
		return err
	}
	if err := s.start("ada"); err != nil {
		return err
	}
	if _, err := s.show("ada", "show"); err != nil {
		return err
	}
	_, err := s.show("ada", "ledger")
	return err
}

func (s *stage) back() error {
	s.say("\n== the server is back: everything is decided, and all three hold the same")
	if err := s.start("server"); err != nil {
		return err
	}
	// What ada has pending can be decided only now.
	for _, name := range []string{"ada", "grace"} {
		if err := s.tell(name + " connected"); err != nil {
			return err
		}
		if err := s.tell(name + " decided"); err != nil {
			return err
		}
	}
	if err := s.same(); err != nil {
		return err
	}
	s.say("\n== the ledgers")
	for _, name := range []string{"ada", "grace"} {
		if _, err := s.show(name, "ledger"); err != nil {
			return err
		}
	}
	return nil
}

// end stops everybody in good order.
func (s *stage) end() error {
	for _, name := range []string{"ada", "grace", "server"} {
		p := s.running[name]
		delete(s.running, name)
		if err := p.stop(); err != nil {
			return err
		}
	}
	s.say("\noffline: ok")
	return nil
}
