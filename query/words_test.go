package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func TestWordsOfValues(t *testing.T) {
	json := func(text string) model.Value {
		j, err := model.ParseJSON(text)
		require.NoError(t, err)
		return model.OfJSON(j)
	}
	for _, test := range []struct {
		value model.Value
		want  []string
	}{
		{model.OfString("Purple Rain, purple"), []string{"purple", "rain"}},
		{model.OfString(""), nil},
		{model.Null, nil},
		{model.OfInt(1986), nil},
		{model.OfBytes([]byte("rain")), nil},
		{json(`"Purple \"Rain\""`), []string{"purple", "rain"}},
		{json(`{"title": "Kiss", "of": {"album": "Parade", "years": [1986, "circa 1986"]}}`), []string{"1986", "circa", "kiss", "parade"}},
		{json(`[["b", "a:"], "\\", "a", {"a:\"": "c\\\\"}, true, null]`), []string{"a", "b", "c"}},
		{json(`5`), nil},
	} {
		require.Equal(t, test.want, query.Words(test.value), "%s", test.value)
	}
}
