package main

import (
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

const oneModel = `package album

import "github.com/ankgo/ank/model"

type Genre string

//ank:model
type Album struct {
	Name  string
	Genre Genre
	Next  model.Ref[Album]
}
`

// names are the files of a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// TestIdempotent runs twice: the second run leaves the file alone.
func TestIdempotent(t *testing.T) {
	dir := newModule(t, "once.example")
	put(t, dir, "album.go", []byte(oneModel))
	code, stdout, stderr := ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "wrote album_ank.go\n", stdout)
	require.Equal(t, []string{"album.go", "album_ank.go", "go.mod", "go.sum"}, names(t, dir))

	file := filepath.Join(dir, "album_ank.go")
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(file, old, old))
	code, stdout, stderr = ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	require.Empty(t, stdout)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, old, info.ModTime().UTC())
}

// TestWrite covers what a folder may hold where the file is to stand.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x_ank.go")
	require.NoError(t, write(path, []byte("one")))
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, write(path, []byte("two")))
	require.Equal(t, "two", get(t, dir, "x_ank.go"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "permissions are kept")
	require.Equal(t, []string{"x_ank.go"}, names(t, dir))

	// A file that cannot be put in place leaves nothing behind.
	put(t, dir, "y_ank.go/inside", nil)
	require.NoError(t, os.Remove(path))
	require.Error(t, write(filepath.Join(dir, "y_ank.go"), []byte("three")))
	require.Equal(t, []string{"y_ank.go"}, names(t, dir))
}

// TestHandWrittenFile finds a file in the way that is not ours to replace.
func TestHandWrittenFile(t *testing.T) {
	const mine = "package album\n\nvar Mine = 1\n"
	dir := newModule(t, "hand.example")
	put(t, dir, "album.go", []byte(oneModel))
	put(t, dir, "album_ank.go", []byte(mine))
	for _, args := range [][]string{nil, {"-check"}} {
		code, stdout, stderr := ankgen(t, dir, args...)
		require.Equal(t, exitWrong, code)
		require.Empty(t, stdout)
		require.Equal(t, "album_ank.go:1:1: the file was not written by ankgen, which would replace it: rename or remove it\n", stderr)
		require.Equal(t, mine, get(t, dir, "album_ank.go"))
	}
}

// TestWindowsLineEnds has sources and generated code as Git may check them out.
func TestWindowsLineEnds(t *testing.T) {
	crlf := func(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }
	dir := newModule(t, "crlf.example")
	put(t, dir, "album.go", crlf(checkedSource))
	code, _, stderr := ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	text := get(t, dir, "album_ank.go")
	require.NotContains(t, text, "\r")
	goTool(t, dir, "vet", ".")

	put(t, dir, "album_ank.go", crlf(text))
	for _, args := range [][]string{nil, {"-check"}} {
		code, stdout, stderr := ankgen(t, dir, args...)
		require.Equal(t, exitOK, code, stderr)
		require.NotContains(t, stdout, "wrote")
	}
}

// TestEvolution changes models that may have stored something, and expects to be
// told what would not be found again.
func TestEvolution(t *testing.T) {
	const before = "//ank:model\ntype Album struct {\n\tName string\n\tYear int\n\tDone bool\n}\n"
	for name, c := range map[string]struct{ after, want string }{
		"renamed": {
			strings.Replace(before, "Name", "Title", 1),
			"album.go:5:2: warning: column title of Album is new and name is gone: if it was renamed, add renamed-from=name " +
				"to the tag ank, or what is stored under the old name is not read\n",
		},
		"said so":  {strings.Replace(before, "Name string", "Title string `ank:\"renamed-from=name\"`", 1), ""},
		"column":   {strings.Replace(before, "Name string", "Title string `ank:\"name=name\"`", 1), ""},
		"removed":  {strings.Replace(before, "\tName string\n", "", 1), ""},
		"added":    {strings.Replace(before, "\tName", "\tLabel string\n\tName", 1), ""},
		"replaced": {strings.Replace(before, "Name string", "Extra []byte", 1), ""},
		"wider":    {strings.Replace(before, "Year int", "Year *float32", 1), ""},
		"retyped": {
			strings.Replace(before, "Year int", "Year string", 1),
			"album.go:6:2: warning: field Year of Album had another type: what is stored in column year cannot be read as string " +
				"and counts as not written\n",
		},
		"moved": {
			strings.Replace(before, "//ank:model", "//ank:model collection=records", 1),
			"album.go:3:1: warning: the collection of Album was albums: what is stored there is not found under records\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, "evolution.example")
			put(t, dir, "album.go", []byte("package album\n\n"+before))
			code, _, stderr := ankgen(t, dir)
			require.Equal(t, exitOK, code, stderr)
			put(t, dir, "album.go", []byte("package album\n\n"+c.after))
			code, stdout, stderr := ankgen(t, dir)
			require.Equal(t, exitOK, code, stderr)
			require.Equal(t, c.want, stderr)
			require.Equal(t, "wrote album_ank.go\n", stdout)
			code, _, stderr = ankgen(t, dir)
			require.Equal(t, exitOK, code, stderr)
			require.Empty(t, stderr, "it is said once")
		})
	}
}

// TestBrokenGeneratedFile generates over what no compiler would read.
func TestBrokenGeneratedFile(t *testing.T) {
	for name, text := range map[string]string{
		"conflict": generatedHeader + "\n\npackage album\n\n<<<<<<< ours\nvar x = 1\n=======\nvar x = 2\n>>>>>>> theirs\n",
		"import":   generatedHeader + "\n\npackage album\n\nimport (\n<<<<<<< ours\n\"nowhere.example/x\"\n",
		"half":     generatedHeader + "\n\npackage album\n\nfunc (v AlbumView",
		"empty":    generatedHeader + "\n",
		"package":  generatedHeader + "\n\npackage record\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := newModule(t, "broken.example")
			put(t, dir, "album.go", []byte(oneModel))
			put(t, dir, "album_ank.go", []byte(text))
			code, _, stderr := ankgen(t, dir, "-check")
			require.Equal(t, exitWrong, code)
			require.Contains(t, stderr, ": run go generate\n")
			code, _, stderr = ankgen(t, dir)
			require.Equal(t, exitOK, code, stderr)
			code, _, stderr = ankgen(t, dir, "-check")
			require.Equal(t, exitOK, code, stderr)
		})
	}
}

// TestGeneratedNamesAreUnknown says the same of a field whether or not its type
// was generated before: models do not build on generated code.
func TestGeneratedNamesAreUnknown(t *testing.T) {
	dir := newModule(t, "unknown.example")
	put(t, dir, "album.go", []byte(oneModel))
	code, _, stderr := ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	put(t, dir, "song.go", []byte("package album\n\n//ank:model\ntype Song struct{ On AlbumView }\n"))
	code, _, stderr = ankgen(t, dir)
	require.Equal(t, exitWrong, code)
	require.Equal(t, "song.go:4:19: field On of Song has a type that cannot be resolved: undefined: AlbumView\n", stderr)
}

// TestRenamedPackage writes a file by the package's new name and removes the old.
func TestRenamedPackage(t *testing.T) {
	dir := newModule(t, "renamed.example")
	put(t, dir, "songs.go", []byte(oneModel))
	code, _, stderr := ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	put(t, dir, "songs.go", []byte(strings.Replace(oneModel, "package album", "package songs", 1)))
	code, stdout, stderr := ankgen(t, dir)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "wrote songs_ank.go\nremoved album_ank.go\n", stdout)
}

// TestOrphans removes files that no model asks for any more, and no others.
func TestOrphans(t *testing.T) {
	dir := newModule(t, "orphans.example")
	put(t, dir, "a/album.go", []byte(oneModel))
	put(t, dir, "b/album.go", []byte("package album\n"))
	put(t, dir, "b/album_ank.go", []byte(generatedHeader+"\n\npackage album\n"))
	put(t, dir, "a/old_ank.go", []byte(generatedHeader+"\n\npackage album\n"))
	put(t, dir, "a/mine_ank.go", []byte("package album\n"))
	code, _, stderr := ankgen(t, dir, "-check", "./...")
	require.Equal(t, exitWrong, code)
	require.Equal(t, `a/album.go:8:6: model Album: there is no album_ank.go: run go generate
a/old_ank.go:1:1: no model asks for this file: run go generate
b/album_ank.go:1:1: no model asks for this file: run go generate
`, stderr)
	code, stdout, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "wrote a/album_ank.go\nremoved a/old_ank.go\nremoved b/album_ank.go\n", stdout)
	require.Equal(t, []string{"album.go", "album_ank.go", "mine_ank.go"}, names(t, filepath.Join(dir, "a")))
	require.Equal(t, []string{"album.go"}, names(t, filepath.Join(dir, "b")))
}

// TestErrorsStopOnlyTheirPackage generates the others.
func TestErrorsStopOnlyTheirPackage(t *testing.T) {
	dir := newModule(t, "some.example")
	put(t, dir, "bad/album.go", []byte("package album\n\n//ank:model\ntype Album struct{ Tags []string }\n"))
	put(t, dir, "good/album.go", []byte(oneModel))
	code, stdout, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitWrong, code)
	require.Equal(t, "wrote good/album_ank.go\n", stdout)
	require.Equal(t, "bad/album.go:4:20: field Tags of Album is a list; model.JSON holds lists\n", stderr)
}

// TestTrimmedPaths finds files also where export data has no absolute names.
func TestTrimmedPaths(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "units.go", []byte("package units\n\nimport \"time\"\n\ntype Pause time.Duration\n\ntype Rest Pause\n"))
	fset := token.NewFileSet()
	pkg := types.NewPackage("trim.example/units", "units")
	pos := fset.AddFile("trim.example@v1.2.3/units/units.go", -1, 100).Pos(0)
	for _, name := range []string{"Pause", "Rest"} {
		pkg.Scope().Insert(types.NewTypeName(pos, pkg, name, types.Typ[types.Int64]))
	}
	s := newSources([]*packages.Package{{
		PkgPath: pkg.Path(), Fset: fset, GoFiles: []string{filepath.Join(dir, "units.go")},
	}})
	rest := pkg.Scope().Lookup("Rest").(*types.TypeName)
	require.Equal(t, filepath.Join(dir, "units.go"), s.position(rest).Filename)
	require.Equal(t, "time.Duration", s.declaredOver(rest))
}

// TestBrokenDependency generates a package that imports one whose own generated
// code is missing.
func TestBrokenDependency(t *testing.T) {
	dir := newModule(t, "chain.example")
	put(t, dir, "album/album.go", []byte(oneModel+"\nfunc Title(v AlbumView) string { return v.Name() }\n"))
	put(t, dir, "song/song.go", []byte(`package song

import (
	"github.com/ankgo/ank/model"

	"chain.example/album"
)

//ank:model
type Song struct {
	On    model.Ref[album.Album]
	Genre album.Genre
}
`))
	code, _, stderr := ankgen(t, dir, "./song")
	require.Equal(t, exitOK, code, stderr)
	text := get(t, dir, "song/song_ank.go")
	require.Contains(t, text, "return album.Albums.Get(ctx, r, v.Field(0).ID())")
	require.Contains(t, text, "func (v SongView) Genre() album.Genre { return album.Genre(v.Field(1).Text()) }")
}

// TestImportCycle reports what the go command says of packages that import each other.
func TestImportCycle(t *testing.T) {
	dir := newModule(t, "cycle.example")
	for _, pair := range [][2]string{{"a", "b"}, {"b", "a"}} {
		text := strings.NewReplacer("SELF", pair[0], "OTHER", pair[1]).Replace(`package SELF

import (
	"github.com/ankgo/ank/model"

	"cycle.example/OTHER"
)

//ank:model
type Thing struct{ Other model.Ref[OTHER.Thing] }
`)
		put(t, dir, pair[0]+"/thing.go", []byte(text))
	}
	code, _, stderr := ankgen(t, dir, "./...")
	require.Equal(t, exitWrong, code)
	require.Contains(t, stderr, "import cycle not allowed")
}

// TestExamplesAreFresh checks the generated files of this repository.
func TestExamplesAreFresh(t *testing.T) {
	code, stdout, stderr := ankgen(t, repository(t), "-check", "./examples/...")
	require.Equal(t, exitOK, code, stderr)
	require.NotContains(t, stdout, "checked 0 models")
}
