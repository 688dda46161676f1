package program

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
)

// authenticator makes what knows whose a credential is, nil if nobody is asked.
func (s *settings) authenticator() (node.Authenticator, error) {
	switch {
	case s.tokens != "":
		return readTokens(s.tokens)
	case len(s.jwtKeys) > 0:
		keys, err := readKeys(s.jwtKeys)
		if err != nil {
			return nil, err
		}
		return auth.NewJWT(auth.JWTOptions{Keys: keys, Issuer: s.jwtIssuer, Audience: s.jwtAud})
	}
	return nil, nil // nobody is asked
}

// readText reads a file of UTF-8, which may begin with the mark that some editors put there.
func readText(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, []byte{0xff, 0xfe}) || bytes.HasPrefix(content, []byte{0xfe, 0xff}) {
		return nil, fmt.Errorf("%s: it is written in UTF-16: save it as UTF-8", file)
	}
	return bytes.TrimPrefix(content, []byte("\ufeff")), nil
}

// readTokens reads principals and their tokens, a pair a line.
func readTokens(file string) (*auth.Tokens, error) {
	content, err := readText(file)
	if err != nil {
		return nil, err
	}
	principals := make(map[string]node.Principal)
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		switch len(words) {
		case 0:
		case 2:
			if owner, taken := principals[words[1]]; taken && owner != node.Principal(words[0]) {
				return nil, fmt.Errorf("%s:%d: %s and %s have the same token", file, number, owner, words[0])
			}
			principals[words[1]] = node.Principal(words[0])
		default: // the line is not shown: there is a secret in it
			return nil, fmt.Errorf("%s:%d: a line is a principal and a token", file, number)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(principals) == 0 {
		return nil, fmt.Errorf("%s: there is no token in it", file)
	}
	return auth.NewTokens(principals)
}

// readKeys reads public keys by their IDs.
func readKeys(files []string) (auth.Keys, error) {
	keys := make(auth.Keys)
	for _, text := range files {
		id, file, named := strings.Cut(text, "=")
		if !named {
			id, file = "", text
		}
		if keys[id] != nil {
			return nil, usage("-jwt-key %s: there is another key with the ID %q", text, id)
		}
		key, err := readKey(file)
		if err != nil {
			return nil, err
		}
		keys[id] = key
	}
	return keys, nil
}

func readKey(file string) (crypto.PublicKey, error) {
	content, err := readText(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf(`%s: there is no PEM block "PUBLIC KEY" in it`, file)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

// policy says who may do what.
func (s *settings) policy() (node.Policy, error) {
	if s.access == "" {
		return node.AllowAll(), nil
	}
	content, err := readText(s.access)
	if err != nil {
		return nil, err
	}
	return parseLists(s.access, content)
}
