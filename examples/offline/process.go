package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// process is a server or a client that another process runs. It is asked by lines on its standard input
// and answers with lines, of which the last is a full stop.
type process struct {
	name    string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// launch starts a process and waits until it is ready, which it says with a first line.
func launch(ctx context.Context, program, name string, tokens []string, args ...string) (p *process, ready string, err error) {
	p = &process{name: name, command: exec.CommandContext(ctx, program, args...)}
	p.command.Stderr = os.Stderr
	p.command.Env = append(os.Environ(), "ANK_TOKENS="+strings.Join(tokens, ","))
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	p.out = bufio.NewScanner(out)
	if err := p.command.Start(); err != nil {
		return nil, "", err
	}
	lines, err := p.answer()
	if err != nil || len(lines) != 1 {
		return nil, "", errors.Join(fmt.Errorf("%s did not start", name), err, p.kill())
	}
	return p, lines[0], nil
}

// ask sends a line and returns the lines of the answer.
func (p *process) ask(question string) ([]string, error) {
	if _, err := fmt.Fprintln(p.in, question); err != nil {
		return nil, fmt.Errorf("asking %s: %w", p.name, err)
	}
	return p.answer()
}

func (p *process) answer() (lines []string, err error) {
	for p.out.Scan() {
		line := p.out.Text()
		if line == "." {
			return lines, nil
		}
		if text, failed := strings.CutPrefix(line, "error: "); failed {
			return nil, fmt.Errorf("%s: %s", p.name, text)
		}
		lines = append(lines, line)
	}
	return nil, fmt.Errorf("%s has ended: %w", p.name, errors.Join(io.ErrUnexpectedEOF, p.out.Err()))
}

// kill ends the process at once, as kill -9 does: it can do nothing about it.
func (p *process) kill() error {
	err := p.command.Process.Kill()
	var exit *exec.ExitError
	if waited := p.command.Wait(); waited != nil && !errors.As(waited, &exit) {
		err = errors.Join(err, waited)
	}
	return err
}

// stop closes the process's input, on which it closes its node and ends.
func (p *process) stop() error {
	if err := p.in.Close(); err != nil {
		return err
	}
	for p.out.Scan() { // until it has ended
	}
	return p.command.Wait()
}

// converse answers questions until there are no more. Each is a word and what is behind it.
func converse(in io.Reader, out io.Writer, answer func(verb, rest string) ([]string, error)) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		answers, err := answer(verb, rest)
		if err != nil {
			answers = append(answers, "error: "+strings.ReplaceAll(err.Error(), "\n", " "))
		}
		if _, err := fmt.Fprintln(out, strings.Join(append(answers, "."), "\n")); err != nil {
			return err
		}
	}
	return lines.Err()
}
