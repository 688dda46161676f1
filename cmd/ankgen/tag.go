package main

import (
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// A fieldTag is what the ank key of a field's tag says.
type fieldTag struct {
	excluded bool
	name     word
	index    bool
	unique   word // its place; text is "" when absent
	fullText word
	was      []word
}

// tagOptions are the words an ank tag may hold.
var tagOptions = []string{"-", "fulltext", "index", "name=", "renamed-from=", "unique"}

// parseTag reads the ank key of tag. pos is where the tag stands, or the field
// if that is not known; literal is the tag as written, or nil.
func parseTag(tag string, literal *ast.BasicLit, pos token.Position, diag *diagnostics) fieldTag {
	var out fieldTag
	text, ok := reflect.StructTag(tag).Lookup(gomodel.TagKey)
	checkKeys(tag, pos, diag)
	if !ok {
		return out
	}
	if text == "" {
		diag.errorf(pos, "tag `ank:\"\"` says nothing: remove it")
		return out
	}
	at := tagStart(literal, pos)
	var seen []string
	for o := range gomodel.Options(text) {
		here := at
		if literal != nil {
			here.Column += o.At
		}
		if slices.Contains(seen, o.Key) && o.Key != gomodel.RenamedFrom {
			diag.errorf(here, "%s stands twice in the tag", o.Key)
			continue
		}
		seen = append(seen, o.Key)
		out.option(word{text: o.Key, pos: here}, o.Value, o.Valued, diag)
	}
	if out.excluded && len(seen) > 1 {
		diag.errorf(tagStart(literal, pos), "an excluded field has no other options: write `ank:\"-\"`")
	}
	return out
}

var (
	// tagPair is the next pair of a key and a value, as package reflect reads tags.
	tagPair = regexp.MustCompile(`^ *([^ ":[:cntrl:]]+):"((?:[^"\\]|\\.)*)"`)

	// strayKey is our key where none can be read.
	strayKey = regexp.MustCompile(`(?i)^[^0-9a-z_]*ank($|[^0-9a-z_])`)
)

// checkKeys complains of keys in a tag that were meant to be ours and are not, or
// that stand there twice: the runtime's rules for tags ignore both.
func checkKeys(tag string, pos token.Position, diag *diagnostics) {
	found := 0
	for rest := tag; rest != ""; {
		pair := tagPair.FindStringSubmatch(rest)
		switch {
		case pair == nil && strayKey.MatchString(rest), pair != nil && pair[1] != gomodel.TagKey && strayKey.MatchString(pair[1]):
			diag.errorf(pos, "tag %s cannot be read: write it as `ank:\"index\"`", quoteTag(tag))
			return
		case pair == nil:
			return
		case pair[1] == gomodel.TagKey:
			found++
		case model.Nearest(pair[1], []string{gomodel.TagKey}) != "" && onlyOptions(pair[2]):
			diag.warnf(pos, "key %s of tag %s is not read by ankgen: did you mean ank?", pair[1], quoteTag(tag))
		}
		rest = rest[len(pair[0]):]
	}
	if found > 1 {
		diag.errorf(pos, "tag %s has the key ank twice: put commas between the options of one", quoteTag(tag))
	}
}

// onlyOptions tells whether a text would do as options of our own.
func onlyOptions(text string) bool {
	for o := range gomodel.Options(text) {
		key := o.Key
		if o.Valued {
			key += "="
		}
		if key == gomodel.Excluded || !slices.Contains(tagOptions, key) {
			return false
		}
	}
	return true
}

// option adds one option of the tag.
func (t *fieldTag) option(key word, value string, valued bool, diag *diagnostics) {
	switch key.text {
	case gomodel.Name, gomodel.RenamedFrom:
		if value == "" {
			diag.errorf(key.pos, "%s in the tag has no value: write %s=title", key.text, key.text)
			return
		}
		at := key.pos
		at.Column += len(key.text) + 1
		w := word{text: value, pos: at}
		if key.text == gomodel.Name {
			t.name = w
		} else {
			t.was = append(t.was, w)
		}
		return
	case gomodel.Excluded:
		t.excluded = true
	case "index":
		t.index = true
	case "unique":
		t.unique = key
	case "fulltext":
		t.fullText = key
	case "text":
		diag.errorf(key.pos, "text that merges letter by letter does not exist yet: without the option "+
			"the field is a register, the last writer wins; an index of its words is fulltext")
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
