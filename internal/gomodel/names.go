package gomodel

import (
	"slices"
	"strings"
	"unicode"
)

// Words splits a Go name where its capitals say so: ReleaseDate is Release and
// Date, HTTPServer is HTTP and Server, AlbumIDs is Album and IDs.
func Words(name string) []string {
	runes := []rune(name)
	var out []string
	start := 0
	for i := 1; i < len(runes); i++ {
		if startsWord(runes, i) {
			out = append(out, strings.Trim(string(runes[start:i]), "_"))
			start = i
		}
	}
	out = append(out, strings.Trim(string(runes[start:]), "_"))
	return slices.DeleteFunc(out, func(w string) bool { return w == "" })
}

// startsWord tells whether a word begins at runes[i].
func startsWord(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i]) {
		return runes[i-1] == '_'
	}
	if !unicode.IsUpper(runes[i-1]) {
		return true
	}
	// Inside a run of capitals the last one begins a word, if a small letter
	// follows that is not merely the plural of the run.
	if i+1 == len(runes) || !unicode.IsLower(runes[i+1]) {
		return false
	}
	plural := runes[i+1] == 's' && (i+2 == len(runes) || !unicode.IsLower(runes[i+2]))
	return !plural
}

// Snake is the name of a column, or a collection, after a Go name: release_date for
// ReleaseDate.
func Snake(name string) string {
	return strings.ToLower(strings.Join(Words(name), "_"))
}
