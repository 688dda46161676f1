package gomodel

import (
	"go/types"

	"github.com/ankgo/ank/model"
)

// Number returns the type of the values that a Go type of numbers holds, and its
// bits. It is model.TypeNull for any other type, and for those that no field has:
// uintptr and complex numbers.
func Number(t types.Type) (typ model.Type, bits int) {
	basic, ok := t.Underlying().(*types.Basic)
	if !ok {
		return model.TypeNull, 0
	}
	switch basic.Kind() {
	case types.Int, types.Int64:
		return model.TypeInt, 64
	case types.Int8:
		return model.TypeInt, 8
	case types.Int16:
		return model.TypeInt, 16
	case types.Int32:
		return model.TypeInt, 32
	case types.Uint, types.Uint64:
		return model.TypeUint, 64
	case types.Uint8:
		return model.TypeUint, 8
	case types.Uint16:
		return model.TypeUint, 16
	case types.Uint32:
		return model.TypeUint, 32
	case types.Float32:
		return model.TypeFloat, 32
	case types.Float64:
		return model.TypeFloat, 64
	}
	return model.TypeNull, 0
}
