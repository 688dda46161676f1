package kv

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

var named = model.NewSchema(model.Definition{
	Model: "Thing", Collection: "things",
	Fields:  []model.Field{{Name: "rank", Type: model.TypeInt}, {Name: "name", Type: model.TypeString, Optional: true}},
	Indexes: []model.Index{{Name: "words", Columns: []model.IndexColumn{{Field: 1}}, FullText: true}},
})

// TestOnlyChangedWordsAreWritten: an update of a long text writes what is different.
func TestOnlyChangedWordsAreWritten(t *testing.T) {
	require.NoError(t, named.Err())
	col := &collection{name: "things", schema: named}
	x := &index{prefix: []byte("i\x01"), fullText: true}
	id := event.ID{7}
	record := func(name string, deleted bool) *storage.Record {
		var values model.TupleBuilder
		if name != "NULL" {
			values.Set("name", model.OfString(name).AppendTo(nil))
		}
		return &storage.Record{Row: model.Row{ID: id, Deleted: deleted, Values: values.Tuple()}}
	}
	for _, test := range []struct {
		old, now *storage.Record
		want     []string
	}{
		{nil, record("Purple Rain, purple", false), []string{"+purple", "+rain"}},
		{nil, record("a", true), nil},
		{nil, record("NULL", false), nil},
		{record("purple rain", false), record("Rain! PURPLE", false), nil},
		{record("purple rain", false), record("a purple train", false), []string{"+a", "-rain", "+train"}},
		{record("a b c d", false), record("b c", false), []string{"-a", "-d"}},
		{record("b c", false), record("a b c d", false), []string{"+a", "+d"}},
		{record("a b", false), record("NULL", false), []string{"-a", "-b"}},
		{record("a b", false), record("a b c", true), []string{"-a", "-b"}},
		{record("a b", true), record("b c", false), []string{"+b", "+c"}},
		{record("a b", true), record("b c", true), nil},
	} {
		var c change
		c.indexWords(col, x, test.old, test.now)
		var got []string
		for op := range c.writes.All() {
			v, rest, err := model.DecodeKey(op.Key[len(x.prefix):], model.TypeString, false)
			require.NoError(t, err)
			require.Equal(t, id[:], rest)
			require.Empty(t, op.Value)
			got = append(got, map[OpKind]string{OpSet: "+", OpDelete: "-"}[op.Kind]+v.Text())
		}
		require.Equal(t, test.want, got, "%s to %s", describe(test.old), describe(test.now))
	}
}

func describe(r *storage.Record) string {
	if r == nil {
		return "nothing"
	}
	return fmt.Sprintf("%q deleted %v", named.Value(&r.Row, 1).Text(), r.Row.Deleted)
}
