// Package music holds the models of the albums example: artists and the albums
// that they made. It says what is stored, how it is indexed and what makes an
// album sound; how entities are kept, found and shared is the business of the
// rooms that its generated half, music_ank.go, builds on.
package music

import (
	"errors"

	"github.com/ankgo/ank/model"
)

//go:generate go run github.com/ankgo/ank/cmd/ankgen

// An Artist is a person or a band.
//
//ank:model
//ank:index country, name
type Artist struct {
	// Name returns the name on the sleeve.
	Name    string `ank:"index"`
	Country string
	// Formed returns the year in which it all began, if that is known.
	Formed *int
}

// A Genre is the shelf that an album stands on.
type Genre string

// The genres.
const (
	Afrobeat   Genre = "afrobeat"
	Electronic Genre = "electronic"
	Folk       Genre = "folk"
	Funk       Genre = "funk"
	HipHop     Genre = "hip hop"
	Jazz       Genre = "jazz"
	Mbalax     Genre = "mbalax"
	Pop        Genre = "pop"
	Rock       Genre = "rock"
	Soul       Genre = "soul"
	Tropicalia Genre = "tropicália"
)

// An Album is a record with songs on it.
//
//ank:model
//ank:index artist, year DESC
type Album struct {
	// Name returns the title.
	Name   string
	Artist model.Ref[Artist]
	Year   int `ank:"index"`
	Genre  Genre
	// Label returns the record company, if there was one.
	Label *string
}

// ErrNoName refuses an album that nobody could ask for.
var ErrNoName = errors.New("an album needs a name")

// Validate is called before an album is accepted.
func (a Album) Validate() error {
	if a.Name == "" {
		return ErrNoName
	}
	return nil
}
