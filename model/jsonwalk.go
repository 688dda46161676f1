package model

import (
	"iter"
	"strings"
)

// At returns the JSON at a path, as [JSON.Path] does, but tells null, which is
// something, from nothing: ok is false only where there is nothing.
func (j JSON) At(path ...string) (at JSON, ok bool) {
	text := j.text
	for _, step := range path {
		if text = jsonStep(text, step); text == "" {
			return JSON{}, false
		}
	}
	if text == "null" {
		text = ""
	}
	return JSON{text}, true
}

// IsArray reports whether j is an array.
func (j JSON) IsArray() bool { return j.text != "" && j.text[0] == '[' }

// Elements yields the elements of an array in order; of anything else, nothing.
// They share memory with j.
func (j JSON) Elements() iter.Seq[JSON] {
	return func(yield func(JSON) bool) {
		if !j.IsArray() || len(j.text) < 2 || j.text[1] == ']' {
			return
		}
		for rest := j.text[1:]; rest != ""; {
			end := jsonEnd(rest)
			element := rest[:end]
			if element == "null" {
				element = ""
			}
			if !yield(JSON{element}) {
				return
			}
			rest = afterComma(rest[end:])
		}
	}
}

// Len is the number of an array's elements, or of an object's members; false for
// anything else.
func (j JSON) Len() (n int, ok bool) {
	if len(j.text) < 2 || j.text[0] != '[' && j.text[0] != '{' {
		return 0, false
	}
	if j.text[1] == ']' || j.text[1] == '}' {
		return 0, true
	}
	// A member is as much as stands before a comma: its key and what follows.
	for rest := j.text[1:]; rest != ""; n++ {
		if j.text[0] == '{' {
			end := jsonStringEnd(rest)
			if end == 0 || end >= len(rest) {
				return n, true
			}
			rest = rest[end+1:]
		}
		rest = afterComma(rest[jsonEnd(rest):])
	}
	return n, true
}

// Strings yields all strings that are values, however deep they stand; keys are none.
func (j JSON) Strings() iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := j.text
		for {
			at := strings.IndexByte(rest, '"')
			if at < 0 {
				return
			}
			rest = rest[at:]
			end := jsonStringEnd(rest)
			if end == 0 {
				return
			}
			isKey := end < len(rest) && rest[end] == ':'
			if !isKey && !yield(unquoteJSON(rest[:end])) {
				return
			}
			rest = rest[end:]
		}
	}
}
