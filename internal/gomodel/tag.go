package gomodel

import (
	"iter"
	"strings"
)

// TagKey is the key of struct tags that holds options.
const TagKey = "ank"

// The keys of options.
const (
	Excluded    = "-"
	Name        = "name"
	RenamedFrom = "renamed-from"
)

// An Option is one of those that the value of a tag lists: a key, or key=value.
type Option struct {
	Key, Value string
	Valued     bool // there is an equals sign
	At         int  // where it begins, spaces included, in the tag's value, in bytes
}

// Options yields the options in the value of a tag, which stand between commas.
func Options(text string) iter.Seq[Option] {
	return func(yield func(Option) bool) {
		at := 0
		for part := range strings.SplitSeq(text, ",") {
			o := Option{At: at}
			at += len(part) + 1
			o.Key, o.Value, o.Valued = strings.Cut(strings.TrimSpace(part), "=")
			if !yield(o) {
				return
			}
		}
	}
}
