package query

import (
	"fmt"
	"reflect"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// valueOf returns the value that a Go value stands for as an argument.
func valueOf(arg any) (model.Value, error) {
	switch a := arg.(type) {
	case nil:
		return model.Value{}, nil
	case model.Value:
		return a, nil
	case string:
		return model.OfString(a), nil
	case []byte:
		return model.OfBytes(a), nil
	case time.Time:
		return model.OfTime(a), nil
	case time.Duration:
		return model.OfDuration(a), nil
	case event.ID:
		return model.OfID(a), nil
	case model.JSON:
		return model.OfJSON(a), nil
	case Cursor:
		return model.OfString(a.String()), nil
	case model.Bytes:
		return model.OfBytes(a.Clone()), nil
	}
	return reflected(reflect.ValueOf(arg))
}

// timeType is what the times of an application are declared over.
var timeType = reflect.TypeFor[time.Time]()

// reflected handles pointers and the named types of an application.
func reflected(v reflect.Value) (model.Value, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return model.Value{}, nil
		}
		return valueOf(v.Elem().Interface())
	}
	if a, ok := v.Interface().(interface{ ID() event.ID }); ok {
		return model.OfID(a.ID()), nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return model.OfBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return model.OfInt(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return model.OfUint(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return model.OfFloat(v.Float()), nil
	case reflect.String:
		return model.OfString(v.String()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return model.OfBytes(v.Bytes()), nil
		}
	case reflect.Struct:
		if v.CanConvert(timeType) {
			return valueOf(v.Convert(timeType).Interface())
		}
	}
	return model.Value{}, fmt.Errorf("is a %s, which is no value", v.Type())
}

// constant returns the node of a Go value, nil if it is no value.
func constant(arg any, at Span) (*LiteralExpr, error) {
	value, err := valueOf(arg)
	if err != nil {
		return nil, err
	}
	return &LiteralExpr{Value: value, At: at, MaybeDuration: value.Type() == model.TypeInt && maybeDuration(arg)}, nil
}

// maybeDuration reports whether a Go value is of a type declared over int64.
func maybeDuration(arg any) bool {
	t := reflect.TypeOf(arg)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Int64 && t != reflect.TypeFor[int64]()
}

// elementsOf returns the elements of a slice that is no value itself.
func elementsOf(arg any) ([]any, bool) {
	if arg == nil {
		return nil, false
	}
	v := reflect.ValueOf(arg)
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, false
	}
	all := make([]any, v.Len())
	for i := range all {
		all[i] = v.Index(i).Interface()
	}
	return all, true
}
