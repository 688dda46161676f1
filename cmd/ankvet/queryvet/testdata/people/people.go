// Package people holds a model that those of package music refer to.
package people

//go:generate go run github.com/ankgo/ank/cmd/ankgen

import (
	"time"

	"github.com/ankgo/ank/model"
)

// A Named is a part of models.
type Named struct {
	Name string
	Nick *string `ank:"name=nickname"`
}

// A Person makes music.
//
//ank:model collection=people plural=People
type Person struct {
	Named
	Born     *time.Time
	Age      uint8 `ank:"renamed-from=years"`
	IsActive bool  `ank:"name=active"`
	Photo    []byte
	Links    model.JSON
	Mentor   *model.Ref[Person]
}

// A Stay is declared over time.Duration, which is told by a column only.
type Stay time.Duration

// A Place is where music is made.
//
//ank:model
type Place struct {
	Name string
	Stay Stay
}
