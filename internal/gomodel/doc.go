// Package gomodel holds the rules by which a Go struct declares a model: what its
// fields are called as columns, what their tags say, and which numbers their types
// hold. ankgen, which makes a schema of a struct, and ankvet, which checks queries
// against one, read structs by the same rules, those here.
//
// It knows names, tags and types, and complains of nothing: what is wrong with a
// struct, and where, is ankgen's to say.
package gomodel

// ModulePath is the path of Ank; the others are the rooms that generated code imports.
const (
	ModulePath = "github.com/ankgo/ank"
	EventPath  = ModulePath + "/event"
	ModelPath  = ModulePath + "/model"
	QueryPath  = ModulePath + "/query"
	EntityPath = ModulePath + "/entity"
)
