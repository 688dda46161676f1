package query

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/text"
)

// Words returns the words under which a full-text index has a value, in order and
// each once: those of a string, or of all strings in JSON, wherever they stand, so
// that MATCH finds by them what it looks for at any path. Other values have none.
func Words(v model.Value) []string {
	switch v.Type() {
	case model.TypeString:
		return text.Words(v.Text())
	case model.TypeJSON:
		var all []string
		for s := range v.JSON().Strings() {
			all = append(all, text.Words(s)...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	return nil
}
