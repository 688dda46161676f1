// Package music holds models with a field of every type, for the queries of the
// packages beside it.
package music

//go:generate go run github.com/ankgo/ank/cmd/ankgen

import (
	"time"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/people"
	"github.com/ankgo/ank/model"
)

// A Genre is a shelf.
type Genre string

// A Length is declared over time.Duration, which the type checker forgets.
type Length time.Duration

// A Release is a part of models.
type Release struct {
	Year int16
	Day  time.Time `ank:"name=released"`
}

// Misspelt is a query for another package.
const Misspelt = "yaer > 12"

// An Album is a record.
//
//ank:model
type Album struct {
	Release
	Title  string `ank:"renamed-from=name"`
	Artist model.Ref[people.Person]
	Cover  model.Ref[Image]
	Genre  *Genre
	Length Length
	Live   bool
	Hash   []byte
	Plays  uint32
	Rating *float64
	Meta   model.JSON
	cache  map[string]int `ank:"-"`
}

// An Image is the front of a record.
//
//ank:model
type Image struct {
	URL   string
	Album model.Ref[Album]
	Taken model.Ref[people.Place]
}
