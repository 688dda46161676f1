package model

// The limits of values and schemas. What goes beyond one is refused with a typed
// error by Validate, Check and NewSchema.
const (
	MaxValueSize    = 8 << 20 // bytes of a string, of bytes, or of canonical JSON
	MaxJSONDepth    = 64      // arrays and objects inside each other
	MaxName         = 63      // bytes in the name of a collection, column or index of a schema
	MaxTupleName    = 255     // bytes in a name of a Tuple, which may come from elsewhere
	MaxTupleFields  = 1 << 16 // names in a Tuple
	MaxFields       = 512     // fields of a schema
	MaxIndexes      = 64      // indexes of a schema
	MaxIndexColumns = 16      // columns of an index
	MaxFormerNames  = 16      // former names of a field
)

// maxLayouts bounds the layouts that a schema keeps, and maxLayoutSize the names
// in one of them: beyond these, values are looked up by name.
const (
	maxLayouts    = 16
	maxLayoutSize = 64 << 10
)
