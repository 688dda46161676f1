// Package people holds a model that those of package music refer to.
package people

//go:generate go run github.com/ankgo/ank/cmd/ankgen

import "time"

// A Person makes music.
//
//ank:model collection=people plural=People
type Person struct {
	Name string
	Born *time.Time
}
