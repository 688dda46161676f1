// Ankgen generates typed code for models: plain structs that a directive marks.
//
// Usage:
//
//	ankgen [-check] [packages]
//
// It writes one file into each package that has models, <package>_ank.go, and
// nothing if the file is as it should be already. Packages are named as for the
// go command; the default is the one in the current folder. A module says once
// that ankgen is one of its tools, so that go mod tidy keeps what it is built from:
//
//	go get -tool github.com/ankgo/ank/cmd/ankgen
//
// Then this line in a file beside the models runs it:
//
//	//go:generate go tool ankgen
//
// The package need not compile: what is missing because it has not been generated
// yet does not matter. Mistakes in models are reported all at once, each with its
// file, line, column and what to do; nothing is then written for that package. A
// file is replaced as a whole or not at all; one of that name which ankgen did not
// write is left alone.
//
// Files are seen as the go command sees them: test files are not looked at, and
// nothing is generated for models in a file that build constraints leave out on
// the machine that ankgen runs on.
//
// With -check nothing is written. Ankgen then prints
//
//	checked 12 models in 3 packages
//
// or, if a struct, a tag or a directive was changed without generating the code
// again, where that is. The generated file itself does not compile when a field
// or tag was changed, so that the compiler finds most of it too.
//
// The exit code is 0 if all is well, 1 if a model has errors, a package cannot be
// loaded or a checked file is stale, and 2 if ankgen was called wrongly.
//
// # Models
//
// A model is an exported struct with a directive directly above it:
//
//	// An Album is a record with songs on it.
//	//
//	//ank:model
//	//ank:index artist, year DESC
//	type Album struct {
//		Name   string `ank:"index"`
//		Artist model.Ref[Artist]
//		Year   int
//		Genre  Genre
//		Notes  *string
//		cache  map[string]int `ank:"-"`
//	}
//
// The directive //ank:model may set the names that are otherwise made of the
// struct's name by the regular rules of English:
//
//	//ank:model collection=people plural=People
//
// The plural names the variable, People, the collection is what storage and
// messages call it. The default of the collection follows the plural: the plural
// PlayLists gives the collection play_lists. A collection's name is for good;
// what was stored under another one is not found under it.
//
// The directive //ank:index declares an index over columns, by their names in
// queries, and may stand several times. DESC after a column puts the greatest
// value first. The word covering at the end makes the index hold whole entities.
// With the word unique, no two entities may agree in all its columns; one that is
// NULL in any of them does not count (model.Index says what is the same). With the
// word fulltext, and one column, which holds strings or JSON, it is an index of the
// words in it, by which MATCH finds entities.
//
// # Fields
//
// The type of a field is one of
//
//	bool, string, float32, float64
//	int, int8, int16, int32, int64 and their unsigned kin
//	[]byte                   a view returns model.Bytes, which cannot be written
//	time.Time, time.Duration
//	model.Ref[T]             a reference to an entity of model T, of any package
//	model.JSON               lists, objects, and everything else
//
// or a type declared over one of these but the last two, like type Genre string,
// which it keeps everywhere. A pointer makes a field optional: only then it can be NULL. The
// exported fields of an embedded struct become fields of the model.
//
// A field's column has the name of the field in snake case: release_date for
// ReleaseDate. The key ank of a field's tag holds options between commas:
//
//	name=title          the column is called title
//	renamed-from=old    the column was called old; what was stored then is read.
//	                    May stand several times
//	index               the column has an index
//	unique              the column has an index, and no two entities may have the
//	                    same value. A field that may be left out had better be a
//	                    pointer: NULL may stand in many entities, "" in one
//	fulltext            the words of the field have an index, so that MATCH need not
//	                    look at every entity. The field holds strings, or JSON with
//	                    strings in it. It may have an index of whole values beside
//	                    this, by index or unique
//	-                   the field is not stored
//
// Unexported fields have to be excluded in this way. The names id, created and
// updated belong to every collection, and the words of the query language to
// queries: a field whose column would be one of those needs name=. Fields cannot
// be named like the methods that every view has, such as ID, Head and String.
//
// What is stored under a field's name must be what the name stands for in Go: a
// field of an embedded struct cannot be hidden by another field or a method.
//
// If the struct has a method Validate() error, it is called on every new and
// every changed entity before it is accepted; its error refuses the transaction.
// It must not use the package's collections, which are made of it.
//
// # Changing a model
//
// A model that has stored something may change. A new field reads as zero, or as
// nothing if it is optional; a field that is removed stays stored and is not seen.
// A field of another type reads what the type can hold exactly, such as an int that
// is a float now, and counts as not written otherwise. Ankgen compares with the
// file that it replaces, and warns where something stored would not be found: of
// a name that changed without renamed-from, of such a type, of another collection.
//
// # What is generated
//
// For the model Album:
//
//	Albums              the collection: creates, gets, edits, finds and watches
//	AlbumView           an immutable snapshot, with a getter for each field
//	AlbumMutable        what records changes in a transaction, with setters
//	AlbumName, ...      the columns, typed, to build predicates with
//
// and for the package the function Models, which a node is opened with. The
// getter of an optional field also returns whether there is a value; its handle
// has ClearNotes beside SetNotes. A reference gives two getters: Artist fetches
// the entity, ArtistRef returns the reference. Comments above fields become those
// of the getters. Views and handles marshal as JSON objects, by column.
//
// The generated code is a layer of names and types over the rooms model, query
// and entity. It never panics. A few lines at its end hold the structs as they
// were, so that the package does not compile when they have changed.
package main
