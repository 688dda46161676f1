// Package unicode holds the models of the explore example: the characters of
// Unicode and the scripts that they are written in. It says what is stored and how
// it is indexed; where the characters come from, and how they are shown, is the
// business of the example itself.
package unicode

import "github.com/ankgo/ank/model"

//go:generate go run github.com/ankgo/ank/cmd/ankgen

// A Script is a set of characters that are written together, such as Greek.
//
//ank:model
type Script struct {
	// Name returns the name of the script.
	Name string `ank:"index"`
}

// A Character is a code point that has a name.
//
//ank:model
//ank:index script, code
type Character struct {
	// Code returns the number of the code point.
	Code int `ank:"index"`
	// Name returns the name in the standard, in capitals.
	Name string `ank:"index,fulltext"`
	// Category returns the general category: Lu for a capital letter, Nd for a digit.
	Category string `ank:"index"`
	Script   model.Ref[Script]
	// Upper returns the capital of a small letter, if it is another character.
	Upper model.Ref[Character]
	// Bytes returns the length in UTF-8.
	Bytes int8
	// Properties returns the names of the properties that the character has, as an
	// array.
	Properties model.JSON
}
