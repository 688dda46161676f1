package model

import (
	"encoding"
	"reflect"
	"strconv"
)

// JSONOf makes JSON of a Go value: nil, booleans, numbers, strings, [JSON],
// []byte and [Bytes] (as base 64), what writes itself as text
// (encoding.TextMarshaler: times, IDs, references), and slices, arrays, pointers
// and maps with string keys of these. Anything else, structs among it, is a
// *[ValueError]; NaN and the infinities have no JSON form. The limits are those
// of [ParseJSON].
func JSONOf(v any) (JSON, error) {
	var w jsonWriter
	if err := w.any(v, 0); err != nil {
		return JSON{}, err
	}
	return ParseJSON(string(w.b))
}

// A jsonWriter writes Go values as JSON that need not be canonical.
type jsonWriter struct{ b []byte }

func (w *jsonWriter) any(v any, depth int) error {
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case JSON:
		w.b = append(w.b, v.String()...)
	case Bytes:
		w.b = appendBase64JSON(w.b, v.s)
	case []byte:
		w.b = appendBase64JSON(w.b, aliasString(v))
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return &ValueError{Reason: "a value does not write itself as text: " + err.Error()}
		}
		return w.string(string(text))
	default:
		return w.reflected(reflect.ValueOf(v), depth)
	}
	return nil
}

func (w *jsonWriter) string(s string) error {
	if err := validateText(s); err != nil {
		return err
	}
	w.b = appendJSONString(w.b, s)
	return nil
}

func (w *jsonWriter) reflected(v reflect.Value, depth int) error {
	if depth > MaxJSONDepth {
		return &ValueError{Reason: "more than " + strconv.Itoa(MaxJSONDepth) + " values inside each other have no JSON form"}
	}
	switch {
	case v.Kind() == reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case v.CanInt():
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case v.CanUint():
		w.b = strconv.AppendUint(w.b, v.Uint(), 10)
	case v.CanFloat():
		return w.float(v)
	case v.Kind() == reflect.String:
		return w.string(v.String())
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		return w.slice(v, depth)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		return w.object(v, depth)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return w.any(v.Elem().Interface(), depth+1)
	case v.Kind() == reflect.Pointer:
		w.b = append(w.b, "null"...)
	default:
		return &ValueError{Reason: "a " + v.Type().String() + " has no JSON form"}
	}
	return nil
}

func (w *jsonWriter) float(v reflect.Value) error {
	f := v.Float()
	if !isFinite(f) {
		return &ValueError{Reason: floatLiteral(f) + " has no JSON form"}
	}
	if v.Kind() == reflect.Float32 {
		w.b = strconv.AppendFloat(w.b, f, 'g', -1, 32)
	} else {
		w.b = appendJSONFloat(w.b, f)
	}
	return nil
}

func (w *jsonWriter) slice(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		w.b = append(w.b, "null"...)
		return nil
	}
	w.b = append(w.b, '[')
	for i := range v.Len() {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.any(v.Index(i).Interface(), depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, ']')
	return nil
}

func (w *jsonWriter) object(v reflect.Value, depth int) error {
	if v.IsNil() {
		w.b = append(w.b, "null"...)
		return nil
	}
	w.b = append(w.b, '{')
	for i, entries := 0, v.MapRange(); entries.Next(); i++ {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.string(entries.Key().String()); err != nil {
			return err
		}
		w.b = append(w.b, ':')
		if err := w.any(entries.Value().Interface(), depth+1); err != nil {
			return err
		}
	}
	w.b = append(w.b, '}')
	return nil
}
