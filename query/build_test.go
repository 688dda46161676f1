package query_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Album is the model that the columns below belong to, declared like generated
// code declares them.
type Album struct{}

const (
	AlbumName     query.Text[Album, string]            = "name"
	AlbumGenre    query.Text[Album, genre]             = "genre"
	AlbumYear     query.Number[Album, int]             = "year"
	AlbumDiscs    query.Number[Album, int8]            = "discs"
	AlbumPlays    query.Number[Album, plays]           = "plays"
	AlbumRating   query.Number[Album, float64]         = "rating"
	AlbumLive     query.Bool[Album, bool]              = "live"
	AlbumReleased query.Time[Album, time.Time]         = "released"
	AlbumLength   query.Duration[Album, time.Duration] = "length"
	AlbumCover    query.Bytes[Album, []byte]           = "cover"
	AlbumArtist   query.ID[Album, model.Ref[artist]]   = "artist"
	AlbumID       query.ID[Album, event.ID]            = "id"
	AlbumMeta     query.JSON[Album, model.JSON]        = "meta"
)

func TestBuilder(t *testing.T) {
	moment := time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)
	object, err := model.ParseJSON(`{"a": 1}`)
	require.NoError(t, err)
	for _, test := range []struct {
		built query.Predicate[Album]
		want  string
	}{
		{AlbumName.Eq("Parade"), "name = 'Parade'"},
		{AlbumName.Like("P%"), "name LIKE 'P%'"},
		{AlbumName.Between("a", "b"), "name BETWEEN 'a' AND 'b'"},
		{AlbumGenre.In("Funk", "Soul"), "genre IN ('Funk', 'Soul')"},
		{AlbumGenre.In(), "genre IN ()"},
		{AlbumGenre.IsNull().Or(AlbumGenre.IsNotNull()), "genre IS NULL OR genre IS NOT NULL"},
		{AlbumYear.Ne(1).And(AlbumYear.Lt(2), AlbumYear.Le(3)), "year != 1 AND year < 2 AND year <= 3"},
		{AlbumYear.Gt(4).And(AlbumYear.Ge(5)).Or(AlbumYear.NotIn(6)), "year > 4 AND year >= 5 OR year NOT IN (6)"},
		{AlbumYear.Eq(1).Or(AlbumYear.Eq(2)).And(AlbumLive.Eq(true)), "(year = 1 OR year = 2) AND live = TRUE"},
		{AlbumYear.Eq(1).And(AlbumLive.Ne(false)).Not(), "NOT (year = 1 AND live != FALSE)"},
		{AlbumYear.Eq(1).Not().Not(), "year = 1"},
		{AlbumDiscs.Eq(2).And(AlbumPlays.Gt(5)), "discs = 2 AND plays > 5"},
		{AlbumRating.Ge(4), "rating >= 4.0"},
		{AlbumReleased.Lt(moment), "released < '1986-03-31T00:00:00Z'"},
		{AlbumLength.Gt(time.Hour), "length > '1h0m0s'"},
		{AlbumCover.Eq([]byte{1}).Or(AlbumCover.In([]byte{2}, nil)), "cover = x'01' OR cover IN (x'02', x'')"},
		{AlbumArtist.Eq(model.RefTo[artist](id(1))), "artist = '01HK153XZ80000000000000001'"},
		{AlbumID.Gt(id(1)), "id > '01HK153XZ80000000000000001'"},
		{AlbumMeta.Eq(object).Or(AlbumMeta.IsNull()), `meta = json'{"a":1}' OR meta IS NULL`},
		{AlbumMeta.Path("a", "b").Gt(5), "meta.a.b > 5"},
		{AlbumMeta.Path("a").In(1, "x").Or(AlbumMeta.Path("b").Like("x%")), "meta.a IN (1, 'x') OR meta.b LIKE 'x%'"},
		{AlbumMeta.Path("tags", "0").Between(1, 2).And(AlbumMeta.Path("c").IsNotNull()), "meta.tags.0 BETWEEN 1 AND 2 AND meta.c IS NOT NULL"},
		{query.Predicate[Album]{}, ""},
		{query.Predicate[Album]{}.And(AlbumLive.Eq(true)), "live = TRUE"},
		{query.Predicate[Album]{}.Or(AlbumLive.Eq(true)), ""},
		{query.Predicate[Album]{}.Not(), "FALSE"},
	} {
		require.Equal(t, test.want, test.built.String())
		// What is built has the meaning of its text.
		built, err := query.Where(test.built).Query().Check(album)
		require.NoError(t, err, test.want)
		parsed, err := query.Parse(test.want)
		require.NoError(t, err, test.want)
		checked, err := parsed.Check(album)
		require.NoError(t, err, test.want)
		require.Equal(t, checked.Key(), built.Key())
	}
}

// TestColumnsHaveTheirOperators goes through the methods of every kind of column.
func TestColumnsHaveTheirOperators(t *testing.T) {
	moment, ref, path := time.Unix(0, 0), model.RefTo[artist](id(1)), AlbumMeta.Path("a")
	const one = "'01HK153XZ80000000000000001'"
	for want, built := range map[string]query.Predicate[Album]{
		"name != 'a' AND name < 'a' AND name <= 'a' AND name > 'a' AND name >= 'a' AND name NOT IN ('a')": AlbumName.Ne("a").And(
			AlbumName.Lt("a"), AlbumName.Le("a"), AlbumName.Gt("a"), AlbumName.Ge("a"), AlbumName.NotIn("a")),
		"year BETWEEN 1 AND 2 AND year IN (3) AND year IS NULL AND year IS NOT NULL": AlbumYear.Between(1, 2).And(
			AlbumYear.In(3), AlbumYear.IsNull(), AlbumYear.IsNotNull()),
		"live IS NULL AND live IS NOT NULL": AlbumLive.IsNull().And(AlbumLive.IsNotNull()),
		"cover != x'' AND cover NOT IN (x'') AND cover IS NULL AND cover IS NOT NULL": AlbumCover.Ne(nil).And(
			AlbumCover.NotIn(nil), AlbumCover.IsNull(), AlbumCover.IsNotNull()),
		"released = '1970-01-01T00:00:00Z' AND released != '1970-01-01T00:00:00Z' AND released IS NULL": AlbumReleased.Eq(moment).And(
			AlbumReleased.Ne(moment), AlbumReleased.IsNull()),
		"released <= '1970-01-01T00:00:00Z' AND released >= '1970-01-01T00:00:00Z' AND released IS NOT NULL": AlbumReleased.Le(moment).And(
			AlbumReleased.Ge(moment), AlbumReleased.IsNotNull()),
		"released > '1970-01-01T00:00:00Z' AND released BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-01T00:00:00Z'": AlbumReleased.Gt(moment).And(
			AlbumReleased.Between(moment, moment)),
		"released IN ('1970-01-01T00:00:00Z') AND released NOT IN ('1970-01-01T00:00:00Z')": AlbumReleased.In(moment).And(AlbumReleased.NotIn(moment)),
		"length = '1s' AND length != '1s' AND length < '1s' AND length <= '1s' AND length >= '1s'": AlbumLength.Eq(time.Second).And(
			AlbumLength.Ne(time.Second), AlbumLength.Lt(time.Second), AlbumLength.Le(time.Second), AlbumLength.Ge(time.Second)),
		"length BETWEEN '1s' AND '1s' AND length IN ('1s') AND length NOT IN ('1s') AND length IS NULL AND length IS NOT NULL": AlbumLength.Between(
			time.Second, time.Second).And(AlbumLength.In(time.Second), AlbumLength.NotIn(time.Second), AlbumLength.IsNull(), AlbumLength.IsNotNull()),
		"artist != " + one + " AND artist < " + one + " AND artist <= " + one + " AND artist >= " + one: AlbumArtist.Ne(ref).And(
			AlbumArtist.Lt(ref), AlbumArtist.Le(ref), AlbumArtist.Ge(ref)),
		"artist BETWEEN " + one + " AND " + one + " AND artist IN (" + one + ") AND artist NOT IN (" + one + ")": AlbumArtist.Between(ref, ref).And(
			AlbumArtist.In(ref), AlbumArtist.NotIn(ref)),
		"artist IS NULL AND artist IS NOT NULL":                      AlbumArtist.IsNull().And(AlbumArtist.IsNotNull()),
		"meta != NULL AND meta IS NOT NULL":                          AlbumMeta.Ne(model.JSON{}).And(AlbumMeta.IsNotNull()),
		"meta.a != 1 AND meta.a < 1 AND meta.a <= 1 AND meta.a >= 1": path.Ne(1).And(path.Lt(1), path.Le(1), path.Ge(1)),
		"meta.a = TRUE AND meta.a NOT IN (1) AND meta.a IS NULL":     path.Eq(true).And(path.NotIn(1), path.IsNull()),
	} {
		require.Equal(t, want, built.String())
		_, err := query.Where(built).Query().Check(album)
		require.NoError(t, err, want)
	}
	order := query.Builder[Album]{}.OrderBy(
		AlbumName.Desc(), AlbumYear.Asc(), AlbumLive.Asc(), AlbumLive.Desc(), AlbumReleased.Asc(), AlbumReleased.Desc(),
		AlbumLength.Asc(), AlbumLength.Desc(), AlbumCover.Asc(), AlbumCover.Desc(), AlbumArtist.Asc(), AlbumArtist.Desc(), path.Asc())
	require.Equal(t, "ORDER BY name DESC, year, live, live DESC, released, released DESC, length, length DESC, "+
		"cover, cover DESC, artist, artist DESC, meta.a", order.Query().String())
}

func TestBuilderOfQueries(t *testing.T) {
	recent := query.Where(AlbumYear.Gt(1985)).OrderBy(AlbumYear.Desc())
	first := recent.OrderBy(AlbumGenre.Asc().NullsLast(), AlbumMeta.Path("a").Desc().NullsFirst()).Limit(10).Offset(20)
	second := recent.OrderBy(AlbumName.Asc())
	require.Equal(t, "year > 1985 ORDER BY year DESC, genre NULLS LAST, meta.a DESC NULLS FIRST LIMIT 10 OFFSET 20", first.Query().String())
	require.Equal(t, "year > 1985 ORDER BY year DESC, name", second.Query().String())
	require.Equal(t, "year > 1985 ORDER BY year DESC", recent.Query().String())
	require.Empty(t, query.Builder[Album]{}.Query().String())
}

func TestBuilderErrors(t *testing.T) {
	for _, test := range []struct {
		built *query.Query
		want  string
	}{
		{query.Where(query.Text[Album, string]("nmae").Eq("x")).Query(), `query 1:1: Album has no column "nmae" (did you mean name?)`},
		{query.Where(AlbumMeta.Path("a").Eq(struct{}{})).Query(), "query 1:1: an argument is a struct {}, which is no value"},
		{query.Where(AlbumMeta.Path("a").Eq(time.Time{})).Query(), "query 1:1: column meta.a is JSON and cannot be compared with '0001-01-01T00:00:00Z', a time"},
		{query.Where(AlbumName.Eq("\xff")).Query(), "query 1:1: " + invalid(t, "\xff")},
		{query.Where(AlbumMeta.Path("a\x00").Eq(1)).Query(), "query 1:1: in the path: " + invalid(t, "a\x00")},
		{query.Where(AlbumMeta.Path(make([]string, query.MaxPath)...).Eq(1)).Query(), "query 1:1: a path has at most 64 names"},
		{query.Where(AlbumYear.In(make([]int, query.MaxItems+1)...)).Query(), "query 1:1: IN has at most 16384 items"},
		{query.Builder[Album]{}.OrderBy(tooManyTerms()...).Query(), "query 1:1: ORDER BY has at most 64 columns"},
		{query.Where(AlbumName.Eq("x")).Limit(-1).Query(), "query 1:1: LIMIT is a whole number from 0"},
	} {
		_, err := test.built.Check(album)
		require.EqualError(t, err, test.want)
	}
}

func tooManyTerms() []query.Order[Album] {
	var terms []query.Order[Album]
	for range query.MaxKeys + 1 {
		terms = append(terms, AlbumYear.Asc())
	}
	return terms
}

// Disc and Singer are models of which one refers to the other.
type (
	Disc   struct{}
	Singer struct{}
)

const (
	DiscName     query.Text[Disc, string]            = "name"
	DiscYear     query.Number[Disc, int]             = "year"
	DiscPrice    query.Number[Disc, float64]         = "price"
	DiscLength   query.Duration[Disc, time.Duration] = "length"
	DiscLive     query.Bool[Disc, bool]              = "live"
	DiscArtist   query.Ref[Disc, Singer]             = "artist"
	DiscTags     query.JSON[Disc, model.JSON]        = "tags"
	SingerName   query.Text[Singer, string]          = "name"
	SingerMentor query.Ref[Singer, Singer]           = "mentor"
	SingerMeta   query.JSON[Singer, model.JSON]      = "meta"
)

// TestTheTypedLanguage builds what the language has beyond comparisons of columns.
func TestTheTypedLanguage(t *testing.T) {
	tags, by := DiscTags.Path(), DiscArtist
	prince := model.RefTo[Singer](id(1))
	const one = "'01HK153XZ80000000000000001'"
	for _, test := range []struct {
		built query.Predicate[Disc]
		want  string
	}{
		{by.Where(SingerName.Eq("Prince")), "artist.name = 'Prince'"},
		{
			by.Where(SingerMentor.Where(SingerName.In("a", "b").And(SingerMentor.IsNull())).Not()),
			"NOT (artist.mentor.name IN ('a', 'b') AND artist.mentor.mentor IS NULL)",
		},
		{
			by.Where(SingerMeta.Path("n").Between(1, 2).Or(SingerMeta.Path("a").ContainsAny("x", 1))),
			"artist.meta.n BETWEEN 1 AND 2 OR artist.meta.a CONTAINS ANY ('x', 1)",
		},
		{by.Where(SingerName.Len().Gt(5).And(SingerName.Match("purple rain"))), "LEN(artist.name) > 5 AND artist.name MATCH 'purple rain'"},
		{by.Where(query.Predicate[Singer]{}), ""},
		{by.Eq(prince).Or(by.Ne(prince), by.In(prince), by.NotIn(prince)), "artist = " + one + " OR artist != " + one +
			" OR artist IN (" + one + ") OR artist NOT IN (" + one + ")"},
		{by.IsNull().And(by.IsNotNull()), "artist IS NULL AND artist IS NOT NULL"},
		{
			DiscName.ILike("purple%").And(DiscName.StartsWith("P%"), DiscName.Match(`"purple rain" -live`)),
			`name ILIKE 'purple%' AND name STARTS WITH 'P%' AND name MATCH '"purple rain" -live'`,
		},
		{
			DiscName.Len().Eq(1).Or(DiscName.Len().Ne(2), DiscName.Len().Lt(3), DiscName.Len().Le(4), DiscName.Len().Ge(5)),
			"LEN(name) = 1 OR LEN(name) != 2 OR LEN(name) < 3 OR LEN(name) <= 4 OR LEN(name) >= 5",
		},
		{
			tags.Contains("jazz").And(tags.ContainsAll("a", "b"), tags.Len().Gt(2)),
			"tags CONTAINS 'jazz' AND tags CONTAINS ALL ('a', 'b') AND LEN(tags) > 2",
		},
		{
			DiscTags.Path("0").IsMissing().Or(DiscTags.Path("0").ILike("x"), DiscTags.Path("0").StartsWith("x"), DiscTags.Path("0").Match("x")),
			"tags.0 IS MISSING OR tags.0 ILIKE 'x' OR tags.0 STARTS WITH 'x' OR tags.0 MATCH 'x'",
		},
	} {
		require.Equal(t, test.want, test.built.String())
		built, err := query.Where(test.built).Query().Check(record)
		require.NoError(t, err, test.want)
		parsed, err := checkedOf(test.want, record)
		require.NoError(t, err, test.want)
		require.Equal(t, parsed.Key(), built.Key())
	}
}

func TestTheTypedQuery(t *testing.T) {
	n, sum := query.Count[Disc](), query.Sum(DiscPrice)
	for _, test := range []struct {
		built *query.Query
		want  string
	}{
		{
			query.Where(DiscName.Match("rain")).OrderBy(query.Rank[Disc]().Desc(), DiscArtist.Order(SingerName.Asc().NullsLast())).Query(),
			"name MATCH 'rain' ORDER BY RANK() DESC, artist.name NULLS LAST",
		},
		{
			query.Builder[Disc]{}.OrderBy(DiscName.Len().Asc(), DiscArtist.Desc(), DiscArtist.Asc()).AsOf(time.Unix(0, 0)).Query(),
			"ORDER BY LEN(name), artist DESC, artist AS OF '1970-01-01T00:00:00Z'",
		},
		{
			query.Where(DiscYear.Gt(1980)).GroupBy(DiscLive, DiscArtist.Column(SingerName)).Select(n.As("n"), sum).
				Having(n.Gt(1).And(sum.IsNull().Not())).OrderBy(n.Desc(), query.Key(DiscLive).Asc()).Limit(3).Offset(1).Query(),
			"SELECT live, artist.name, COUNT(*) AS n, SUM(price) WHERE year > 1980 GROUP BY live, artist.name" +
				" HAVING COUNT(*) > 1 AND NOT SUM(price) IS NULL ORDER BY COUNT(*) DESC, live LIMIT 3 OFFSET 1",
		},
		{
			query.Builder[Disc]{}.GroupBy().Select(query.CountOf(DiscPrice), query.CountDistinct(DiscArtist), query.Avg(DiscLength),
				query.Min(DiscName), query.Max(DiscTags.Path("0"))).Having(query.Avg(DiscTags.Path("1")).Le(5)).Query(),
			"SELECT COUNT(price), COUNT(DISTINCT artist), AVG(length), MIN(name), MAX(tags.0) HAVING AVG(tags.1) <= 5",
		},
	} {
		require.Equal(t, test.want, test.built.String())
		built, err := test.built.Check(record)
		require.NoError(t, err, test.want)
		parsed, err := checkedOf(test.want, record)
		require.NoError(t, err, test.want)
		require.Equal(t, parsed.Key(), built.Key())
	}
	for want, p := range map[string]query.Predicate[query.Grouped[Disc]]{
		"COUNT(*) = 1 AND COUNT(*) != 2 AND COUNT(*) < 3 AND COUNT(*) <= 4 AND COUNT(*) >= 5": n.Eq(1).And(n.Ne(2), n.Lt(3), n.Le(4), n.Ge(5)),
	} {
		require.Equal(t, want, p.String())
	}
}
