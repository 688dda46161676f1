package model

// A Type is one of the closed set of value types. Numbers are part of what is
// stored (see FORMAT.md): types are only ever added at the end.
type Type uint8

// The value types.
const (
	TypeNull     Type = iota // no value
	TypeBool                 // false or true
	TypeInt                  // a signed integer of 64 bits
	TypeUint                 // an unsigned integer of 64 bits
	TypeFloat                // an IEEE 754 number of 64 bits; NaN is one value, -0 is 0
	TypeString               // valid UTF-8 without U+0000
	TypeBytes                // any bytes
	TypeTime                 // a moment in UTC with microseconds, years 1 to 9999
	TypeDuration             // a signed number of nanoseconds
	TypeID                   // an event.ID: an entity or an event
	TypeJSON                 // canonical JSON other than null

	typeCount
)

var typeNames = [typeCount]string{
	"null", "bool", "int", "uint", "float", "string", "bytes", "time", "duration", "id", "json",
}

// String is the type's name in messages: null, bool, int, ...
func (t Type) String() string {
	if t < typeCount {
		return typeNames[t]
	}
	return "unknown type"
}

// IsNumber reports whether t is TypeInt, TypeUint or TypeFloat: the types whose
// values compare with each other.
func (t Type) IsNumber() bool { return t == TypeInt || t == TypeUint || t == TypeFloat }

// noun is the type's name with its article, for messages.
func (t Type) noun() string {
	switch t {
	case TypeNull, TypeBytes, TypeJSON:
		return t.String()
	case TypeInt, TypeID:
		return "an " + t.String()
	default:
		return "a " + t.String()
	}
}
