package postgres

import (
	"fmt"
	"strings"

	"github.com/ankgo/ank/model"
)

// maxIdentifier is the length in bytes to which PostgreSQL cuts names.
const maxIdentifier = 63

// channelPrefix begins the name of the channel on which commits are told.
const channelPrefix = "ank_"

// quote makes an identifier of any name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// tableName returns the name of a collection's table, which is the collection's own
// unless that is no name for a table. Tables of the store itself begin with an
// underscore, and no collection does.
func tableName(collection string, number int) string {
	if model.ValidName(collection) {
		return collection
	}
	return fmt.Sprintf("_collection_%d", number)
}

// systemColumns are names that PostgreSQL keeps for itself in every table.
var systemColumns = map[string]bool{
	"tableoid": true, "xmin": true, "cmin": true, "xmax": true, "cmax": true, "ctid": true, "oid": true,
}

// columnName returns the name of a field's column: its own, or one with something
// appended if that is taken, by PostgreSQL or by the column that the field had
// when it was of another type.
func columnName(field, sqlType string, taken func(name string) bool) string {
	name := field
	if !systemColumns[name] && !taken(name) {
		return name
	}
	suffix := "_" + strings.ReplaceAll(sqlType, " ", "_")
	for n := 0; ; n++ {
		if n > 0 {
			suffix = fmt.Sprintf("_%d", n)
		}
		name = field[:min(len(field), maxIdentifier-len(suffix))] + suffix
		if !taken(name) {
			return name
		}
	}
}

// indexName returns the name of an index, unique by its number.
func indexName(table, index string, number int64) string {
	suffix := fmt.Sprintf("_%d", number)
	name := table + "_" + index
	return name[:min(len(name), maxIdentifier-len(suffix))] + suffix
}
