package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
)

// parseLists reads who may do what. Package json would let the last one win of two rules for
// one thing, and stop at the end of the first value; whoever wrote the file would not notice
// that other rules are in force than are in it.
func parseLists(file string, content []byte) (auth.Lists, error) {
	p := &listParser{file: file, content: content, json: json.NewDecoder(bytes.NewReader(content))}
	lists := make(auth.Lists)
	err := p.object(func(collection string) error {
		access, err := p.access()
		lists[collection] = access
		return err
	})
	if err != nil {
		return nil, err
	}
	end := int(p.json.InputOffset())
	if rest := bytes.TrimLeft(content[end:], " \t\r\n"); len(rest) > 0 {
		return nil, p.errorAt(len(content)-len(rest), "there is more after the end of the rules")
	}
	return lists, nil
}

// listParser reads the file of -access.
type listParser struct {
	file    string
	content []byte
	json    *json.Decoder
}

// access reads who may read a collection and who may write to it.
func (p *listParser) access() (access auth.Access, err error) {
	return access, p.object(func(name string) error {
		list := &access.Read
		if name == "write" {
			list = &access.Write
		}
		return p.principals(list)
	}, "read", "write")
}

// object reads an object. Its keys are among names, if there are any; value reads what
// follows each.
func (p *listParser) object(value func(key string) error, names ...string) error {
	at := p.next()
	t, err := p.json.Token()
	if err != nil {
		return p.broken(err)
	}
	if t != json.Delim('{') {
		return p.errorAt(at, "a { is wanted here")
	}
	seen := make(map[string]bool)
	for p.json.More() {
		at := p.next()
		t, err := p.json.Token()
		if err != nil {
			return p.broken(err)
		}
		key := t.(string) // the decoder takes nothing else
		switch {
		case seen[key]:
			return p.errorAt(at, fmt.Sprintf("%q was there before", key))
		case len(names) > 0 && key != names[0] && key != names[1]:
			return p.errorAt(at, fmt.Sprintf("%q is neither %q nor %q", key, names[0], names[1]))
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	if _, err := p.json.Token(); err != nil {
		return p.broken(err)
	}
	return nil
}

// principals reads a list of them.
func (p *listParser) principals(list *[]node.Principal) error {
	at := p.next()
	var wrong *json.UnmarshalTypeError
	switch err := p.json.Decode(list); {
	case errors.As(err, &wrong), err == nil && *list == nil:
		return p.errorAt(at, "a list of principals is wanted here")
	case err != nil:
		return p.broken(err)
	}
	return nil
}

// next is where the next token begins.
func (p *listParser) next() int {
	at := int(p.json.InputOffset())
	for at < len(p.content) && bytes.IndexByte([]byte(" \t\r\n,:"), p.content[at]) >= 0 {
		at++
	}
	return at
}

// broken says where the file is no JSON.
func (p *listParser) broken(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return p.errorAt(len(p.content), "unexpected end of the file")
	case errors.As(err, &syntax):
		return p.errorAt(min(p.next(), len(p.content)), syntax.Error())
	}
	return fmt.Errorf("%s: %w", p.file, err)
}

// errorAt says what is wrong, and where.
func (p *listParser) errorAt(at int, text string) error {
	before := p.content[:at]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := at - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("%s:%d:%d: %s", p.file, line, column, text)
}
