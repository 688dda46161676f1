package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkedSource is the package that the edits are made in.
const checkedSource = `package album

import "github.com/ankgo/ank/model"

type Named struct {
	Name string
}

//ank:model
type Artist struct {
	Named
}

// Genre is a shelf.
type Genre string

//ank:model
//ank:index year DESC, name
type Album struct {
	Named
	// Year returns the year.
	Year   int ` + "`ank:\"index\"`" + `
	Genre  Genre
	Artist model.Ref[Artist]
	Notes  *string
	Secret string ` + "`ank:\"-\"`" + `
}
`

// edits are changes after which the generated file is stale.
var edits = []struct {
	name     string
	from, to string
	want     string // the finding
	compiles bool   // only a check notices it
}{
	{
		name: "type", from: "Year   int", to: "Year   int64",
		want: "album.go:22:2: field Year of Album was Year int `ank:\"index\"`: run go generate",
	},
	{
		name: "tag", from: "`ank:\"index\"`", to: "`ank:\"index,renamed-from=made\"`",
		want: "album.go:22:2: field Year of Album was Year int `ank:\"index\"`: run go generate",
	},
	{
		name: "othertag", from: "Genre  Genre", to: "Genre  Genre `json:\"genre\"`",
		want: "album.go:23:2: field Genre of Album was Genre Genre: run go generate",
	},
	{
		name: "added", from: "Notes  *string", to: "Notes  *string\n\tLabel  string",
		want: "album.go:26:2: field Label of Album is new: run go generate",
	},
	{
		name: "removed", from: "\tNotes  *string\n", to: "",
		want: "album.go:19:6: field Notes of Album is gone: run go generate",
	},
	{
		name: "renamed", from: "Notes  *string", to: "Remark *string",
		want: "album.go:19:6: field Notes of Album is gone: run go generate\n" +
			"album.go:25:2: field Remark of Album is new: run go generate",
	},
	{
		name: "moved", from: "Genre  Genre\n\tArtist model.Ref[Artist]", to: "Artist model.Ref[Artist]\n\tGenre  Genre",
		want: "album.go:23:2: field Artist of Album has moved: run go generate\n" +
			"album.go:24:2: field Genre of Album has moved: run go generate",
	},
	{
		name: "excluded", from: "Secret string", to: "Secret int",
		want: "album.go:26:2: field Secret of Album was Secret string `ank:\"-\"`: run go generate",
	},
	{
		name: "embedded", from: "type Named struct {\n\tName string", to: "type Named struct {\n\tName string `ank:\"index\"`",
		want: "album.go:6:2: field Name of Named was Name string: run go generate\n" +
			"album.go:6:14: index name of Artist is new: run go generate\n" +
			"album.go:6:14: index name of Album is new: run go generate",
	},
	{
		name: "index", from: "//ank:index year DESC, name", to: "//ank:index year, name", compiles: true,
		want: "album.go:17:1: an index of Album is gone: run go generate\n" +
			"album.go:18:1: index year, name of Album is new: run go generate",
	},
	{
		name: "covering", from: "//ank:index year DESC, name", to: "//ank:index year DESC, name covering", compiles: true,
		want: "album.go:17:1: an index of Album is gone: run go generate\n" +
			"album.go:18:1: index year DESC, name of Album is new: run go generate",
	},
	{
		name: "indexremoved", from: "//ank:index year DESC, name\n", to: "//\n", compiles: true,
		want: "album.go:17:1: an index of Album is gone: run go generate",
	},
	{
		name: "collection", from: "//ank:model\n//ank:index", to: "//ank:model collection=records\n//ank:index", compiles: true,
		want: "album.go:17:1: the collection of Album has another name: run go generate",
	},
	{
		name: "plural", from: "//ank:model\n//ank:index", to: "//ank:model plural=Records collection=albums\n//ank:index", compiles: true,
		want: "album.go:17:1: the collection of Album has another name: run go generate",
	},
	{
		name: "refcollection", from: "//ank:model\ntype Artist", to: "//ank:model collection=bands\ntype Artist", compiles: true,
		want: "album.go:9:1: the collection of Artist has another name: run go generate",
	},
	{
		name: "comment", from: "// Year returns the year.", to: "// Year returns it.", compiles: true,
		want: "album.go:22:2: what is generated for field Year of Album has changed: run go generate",
	},
	{
		name: "enum", from: "type Genre string", to: "type Genre int",
		want: "album.go:23:2: what is generated for field Genre of Album has changed: run go generate",
	},
	{
		name: "newmodel", from: "// Genre is a shelf.", to: "//ank:model\ntype Shelf struct{ Name string }\n\n// Genre is a shelf.", compiles: true,
		want: "album.go:15:6: model Shelf is new: run go generate",
	},
	{
		name: "nomodel", from: "//ank:model\n//ank:index year DESC, name\n", to: "", compiles: true,
		want: "album_ank.go:1:1: model Album is gone: run go generate",
	},
	{
		name: "validate", from: "//ank:model\ntype Artist", to: "func (a Artist) Validate() error { return nil }\n\n//ank:model\ntype Artist", compiles: true,
		want: "album.go:12:6: the schema of Artist has changed: run go generate",
	},
	{
		name: "nothing left", from: "", to: "", compiles: true, // see below: every directive is removed
		want: "album_ank.go:1:1: no model asks for this file: run go generate",
	},
}

// edited is the source after an edit.
func edited(t *testing.T, i int) string {
	e := edits[i]
	if e.from == "" {
		return "package album\n"
	}
	require.Equal(t, 1, strings.Count(checkedSource, e.from), "edit %s", e.name)
	return strings.Replace(checkedSource, e.from, e.to, 1)
}

// TestCheckFindsEdits makes a package for each edit, generates them all, edits
// each in its own way, and expects one check to name every place.
func TestCheckFindsEdits(t *testing.T) {
	dir := newModule(t, "check.example")
	folder := func(i int) string { return strings.ReplaceAll(edits[i].name, " ", "") }
	for i := range edits {
		put(t, dir, folder(i)+"/album.go", []byte(checkedSource))
	}
	code, _, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitOK, code, stderr)

	for i := range edits {
		put(t, dir, folder(i)+"/album.go", []byte(edited(t, i)))
	}
	code, stdout, stderr := ankgen(t, dir, "-check", "./...")
	require.Equal(t, exitWrong, code)
	require.Empty(t, stdout)
	messages := byFolder(stderr)
	for i, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			require.Equal(t, e.want+"\n", messages[folder(i)])
			require.FileExists(t, dir+"/"+folder(i)+"/album_ank.go", "a check removes nothing")
		})
	}
	requireGuards(t, dir, folder)
}

// requireGuards expects the compiler to refuse what was generated from structs
// that have changed.
func requireGuards(t *testing.T, dir string, folder func(int) string) {
	t.Helper()
	broken := goFails(t, dir, "build", "./...")
	for i, e := range edits {
		if e.from == "" || strings.Contains(e.to, "//ank:model") || e.name == "nomodel" {
			continue
		}
		complaint := "# check.example/" + folder(i) + "\n"
		if e.compiles {
			require.NotContains(t, broken, complaint, e.name)
		} else {
			require.Contains(t, broken, complaint, e.name)
		}
	}
}
