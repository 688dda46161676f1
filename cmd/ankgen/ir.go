package main

import (
	"go/token"
	"go/types"
	"slices"
)

// A description is all that is generated for one package: what describe makes
// of the source and emit turns into text.
type description struct {
	folder   *folder
	types    *types.Package
	sources  *sources
	models   []*entityModel
	structs  []*guarded // of the models and what they embed
	declared map[string]token.Position
}

// An entityModel is a struct with //ank:model above it.
type entityModel struct {
	name       string // Album
	plural     string // Albums
	collection string // albums
	doc        string
	pos        token.Position // of the name
	directive  modelDirective
	stored     int      // fields that are not excluded, whether right or wrong
	fields     []*field // the stored ones, embedded structs flattened, in order
	indexes    []*index
	declared   []indexDirective
	validates  bool // has Validate() error
	obj        *types.TypeName
}

// refers reports whether the model has references.
func (m *entityModel) refers() bool {
	return slices.ContainsFunc(m.fields, func(f *field) bool { return f.ref != nil })
}

// A field becomes a column.
type field struct {
	name     string // ReleaseDate
	column   string // release_date
	kind     *kind
	bits     int
	optional bool       // a pointer in the struct
	typ      types.Type // without the pointer
	ref      *reference // for a model.Ref
	was      []string   // former columns
	unique   bool
	indexed  bool
	fullText bool
	doc      string
	obj      *types.Var

	pos       token.Position   // of the name
	tagPos    token.Position   // of the tag, or the name
	columnPos token.Position   // of name= in the tag, or zero
	wasPos    []token.Position // of the values of renamed-from=
}

// A reference is the model that a model.Ref points to.
type reference struct {
	obj        *types.TypeName
	plural     string
	collection string
}

// An index is one that the schema declares.
type index struct {
	name     string
	columns  []indexColumn
	unique   bool
	covering bool
	fullText bool
	pos      token.Position
}

type indexColumn struct {
	position int    // in the model's fields
	constant string // of the room model, for the columns of every collection
	name     string
	desc     bool
}

// A guarded is a struct type whose change makes the generated file stale.
type guarded struct {
	name  string // as the guard has it
	obj   *types.TypeName
	typ   types.Type
	under *types.Struct
	pos   token.Position
}

// A kind is one of the closed set of value types: how it is called in the room
// model and in the room query, and the Go type that it is converted by.
type kind struct {
	constant string // model.TypeInt
	column   string // query.Number
	maker    string // model.OfInt
	getter   string // Value.Int
	base     string // int64; "" when the maker takes any value of the kind
}

var (
	kindBool     = &kind{"TypeBool", "Bool", "OfBool", "Bool", "bool"}
	kindInt      = &kind{"TypeInt", "Number", "OfInt", "Int", "int64"}
	kindUint     = &kind{"TypeUint", "Number", "OfUint", "Uint", "uint64"}
	kindFloat    = &kind{"TypeFloat", "Number", "OfFloat", "Float", "float64"}
	kindString   = &kind{"TypeString", "Text", "OfString", "Text", "string"}
	kindBytes    = &kind{"TypeBytes", "Bytes", "OfBytes", "Bytes", ""}
	kindTime     = &kind{"TypeTime", "Time", "OfTime", "Time", "time.Time"}
	kindDuration = &kind{"TypeDuration", "Duration", "OfDuration", "Duration", "time.Duration"}
	kindID       = &kind{"TypeID", "ID", "OfID", "ID", ""}
	kindJSON     = &kind{"TypeJSON", "JSON", "OfJSON", "JSON", "model.JSON"}
)

// hasWords reports whether values of the kind have words to be found by.
func (k *kind) hasWords() bool { return k == kindString || k == kindJSON }
