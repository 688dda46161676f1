package main

import (
	"go/ast"
	"go/token"
	"reflect"
	"slices"
	"strings"
)

// A fieldTag is what the ank key of a field's tag says.
type fieldTag struct {
	excluded bool
	name     word
	index    bool
	unique   word // its place; text is "" when absent
	was      []word
}

// tagOptions are the words an ank tag may hold.
var tagOptions = []string{"-", "index", "name=", "renamed-from=", "unique"}

// parseTag reads the ank key of tag. pos is where the tag stands, or the field
// if that is not known; literal is the tag as written, or nil.
func parseTag(tag string, literal *ast.BasicLit, pos token.Position, diag *diagnostics) fieldTag {
	var out fieldTag
	text, ok := reflect.StructTag(tag).Lookup("ank")
	if !ok {
		if strings.Contains(tag, "ank:") || tag == "ank" {
			diag.errorf(pos, "tag %s cannot be read: write it as `ank:\"index\"`", quoteTag(tag))
		}
		return out
	}
	if text == "" {
		diag.errorf(pos, "tag `ank:\"\"` says nothing: remove it")
		return out
	}
	at := tagStart(literal, pos)
	var seen []string
	for option := range strings.SplitSeq(text, ",") {
		here := at
		if literal != nil {
			at.Column += len(option) + 1
		}
		option = strings.TrimSpace(option)
		key, value, valued := strings.Cut(option, "=")
		if slices.Contains(seen, key) && key != "renamed-from" {
			diag.errorf(here, "%s stands twice in the tag", key)
			continue
		}
		seen = append(seen, key)
		out.option(word{text: key, pos: here}, value, valued, diag)
	}
	if out.excluded && len(seen) > 1 {
		diag.errorf(tagStart(literal, pos), "an excluded field has no other options: write `ank:\"-\"`")
	}
	return out
}

// option adds one option of the tag.
func (t *fieldTag) option(key word, value string, valued bool, diag *diagnostics) {
	switch key.text {
	case "name", "renamed-from":
		if value == "" {
			diag.errorf(key.pos, "%s in the tag has no value: write %s=title", key.text, key.text)
			return
		}
		at := key.pos
		at.Column += len(key.text) + 1
		w := word{text: value, pos: at}
		if key.text == "name" {
			t.name = w
		} else {
			t.was = append(t.was, w)
		}
		return
	case "-":
		t.excluded = true
	case "index":
		t.index = true
	case "unique":
		t.unique = key
	case "text":
		diag.errorf(key.pos, "text that merges letter by letter does not exist yet: without the option "+
			"the field is a register, the last writer wins")
		return
	default:
		diag.errorf(key.pos, "unknown option %q in the tag: %s", key.text, didYouMean(key.text, tagOptions))
		return
	}
	if valued {
		diag.errorf(key.pos, "%s in the tag takes no value", key.text)
	}
}

// tagStart is the place of the first option in a tag written between
// backquotes; otherwise it is pos.
func tagStart(literal *ast.BasicLit, pos token.Position) token.Position {
	if literal == nil || literal.Value[0] != '`' {
		return pos
	}
	const key = `ank:"`
	at := strings.Index(literal.Value, key)
	if at < 0 {
		return pos
	}
	pos.Column += at + len(key)
	pos.Offset += at + len(key)
	return pos
}

// quoteTag is the tag as one would write it.
func quoteTag(tag string) string { return "`" + tag + "`" }
