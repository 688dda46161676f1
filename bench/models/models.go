// Package models holds the entity of the workloads, three times: with the
// indexes of the query workload, with none, and with an index that holds whole
// entities. The fields are the same, so that one converts into another. A person
// and tasks are for queries that follow references, pages and sheets for full text.
package models

import "github.com/ankgo/ank/model"

//go:generate go tool ankgen

// An Item has the indexes of workload W2.
//
//ank:model
//ank:index owner, status
//ank:index score
//ank:index status, score
type Item struct {
	Title  string
	Owner  string
	Status string
	Score  int
	Note   string
}

// A Plain has no index.
//
//ank:model
type Plain struct {
	Title  string
	Owner  string
	Status string
	Score  int
	Note   string
}

// A Covered has one index, which spares queries by owner the look at the
// entity.
//
//ank:model collection=covered plural=Covereds
//ank:index owner covering
type Covered struct {
	Title  string
	Owner  string
	Status string
	Score  int
	Note   string
}

// A Person is what tasks refer to.
//
//ank:model plural=People
type Person struct {
	Name string
	Busy bool
}

// A Task is one of many that refer to a person.
//
//ank:model
//ank:index person
type Task struct {
	Title  string
	Person model.Ref[Person]
	Score  int
}

// A Page has a text whose words are indexed.
//
//ank:model
//ank:index body fulltext
type Page struct {
	Title string
	Body  string
}

// A Sheet has a text, and no index.
//
//ank:model
type Sheet struct {
	Title string
	Body  string
}
