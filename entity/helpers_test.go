package entity

import "github.com/ankgo/ank/model"

// albumSchema is the schema of the tests. edit may change its definition.
func albumSchema(edit func(*model.Definition)) *model.Schema {
	d := model.Definition{
		Model: "Album", Collection: "albums",
		Fields: []model.Field{
			{Name: "name", Go: "Name", Type: model.TypeString},
			{Name: "artist", Go: "Artist", Type: model.TypeString},
			{Name: "year", Go: "Year", Type: model.TypeInt, Bits: 16},
			{Name: "owned", Go: "Owned", Type: model.TypeBool},
			{Name: "rating", Go: "Rating", Type: model.TypeFloat, Optional: true},
			{Name: "note", Go: "Note", Type: model.TypeString},
		},
	}
	if edit != nil {
		edit(&d)
	}
	return model.NewSchema(d)
}

// The positions of the schema's fields.
const (
	fieldName = iota
	fieldArtist
	fieldYear
	fieldOwned
	fieldRating
	fieldNote
)
