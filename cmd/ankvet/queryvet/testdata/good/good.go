// Package good holds queries that are right, or that nobody can judge.
package good

import (
	"context"
	"strings"
	"time"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/music"
	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/people"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func becoming[V any](ctx context.Context, live *entity.Live[music.AlbumView], other *entity.Live[V], counts *entity.Live[entity.Group]) {
	_ = live.Requery(ctx, "year > ? ORDER BY artist.name", 1985)
	_ = other.Requery(ctx, "yaer > 1985") // of what model is not known
	_ = counts.Requery(ctx, "SELECT COUNT(*) WHERE yaer > 1985")
}

func right(ctx context.Context, s entity.Session, n uint8, name string, at *time.Time, ref model.Ref[people.Person], what any) {
	music.Albums.Query(ctx, s, "")
	music.Albums.Query(ctx, s, "year > 1985 AND title LIKE 'P%' ORDER BY released DESC NULLS LAST LIMIT 10 OFFSET 5")
	music.Albums.Query(ctx, s, "id = ? AND created > ? AND updated < '2024-01-31'", event.ID{}, at)
	music.Albums.Query(ctx, s, "artist = ? OR artist IN (?, ?)", ref, []model.Ref[people.Person]{ref}, ref)
	music.Albums.Query(ctx, s, "year IN (?) AND year BETWEEN ? AND :high", []int16{1}, n, query.Named{"high": 1.5})
	music.Albums.Query(ctx, s, "length > ? OR length > ? OR length > ?", music.Length(5), time.Second, name)
	music.Albums.Query(ctx, s, "released > ? AND artist = ? AND length < ?", name, name, name)
	music.Albums.Query(ctx, s, "title LIKE ? ESCAPE ? AND genre = ? LIMIT ? OFFSET :skip", name, name, music.Genre("pop"), n, query.Named{"skip": uint(7)})
	music.Albums.Query(ctx, s, "rating = ? OR genre = ? OR rating = 'NaN'", nil, (*music.Genre)(nil))
	music.Albums.Query(ctx, s, "meta.tracks.0.title = ? AND meta = ? AND live", what, model.JSON{})
	music.Albums.Query(ctx, s, "year = ? AND title = ?", what, what)
	music.Albums.Query(ctx, s, "hash IN (?)", [][]byte{{1}})
	music.Albums.Query(ctx, s, "year > 'Infinity' AND plays NOT IN (?)", []any{1, 2.5, nil})
	music.Albums.Query(ctx, s, "(? = 1 OR year = ?) AND NOT live", n, n)
	music.Images.Query(ctx, s, "album = ? AND url != ''", music.AlbumView{})
	people.People.Query(ctx, s, "born < '1960-01-01'")
}

func language(ctx context.Context, s entity.Session, cursor query.Cursor, name string, d time.Duration, tags []string) {
	music.Albums.Query(ctx, s, "artist.name = ? AND cover.album.artist.born < now() - ? ORDER BY artist.name", name, d)
	music.Albums.Query(ctx, s, "title MATCH ? OR title ILIKE ? OR title STARTS WITH ? ORDER BY rank() DESC", name, name, name)
	music.Albums.Query(ctx, s, "meta.tags CONTAINS ANY (?) AND len(meta.tags) > ? AND ? IN meta.tags", tags, len(tags), name)
	music.Albums.Query(ctx, s, "released > now() - '30d' AND year / ? = 198 AND length * 2 > ?", 10, d)
	music.Albums.Query(ctx, s, "live ORDER BY year AFTER ? LIMIT 10", cursor.String())
	music.Albums.Query(ctx, s, "live AS OF ?", time.Now().Add(-d))
	music.Albums.Query(ctx, s, "live AS OF ?", name)
}

func groups(ctx context.Context, s entity.Session, year int16) {
	music.Albums.FetchGroups(ctx, s, "SELECT artist.name, COUNT(*) AS n WHERE year > ? GROUP BY artist.name HAVING n > ? ORDER BY n", year, 2)
}

func unjudged(ctx context.Context, s entity.Session, text string, what any, args []any, named query.Named) {
	music.Albums.Query(ctx, s, text, 1, 2, 3)
	music.Albums.Query(ctx, s, "yaer > "+text)
	music.Albums.Query(ctx, s, strings.Repeat("yaer > 1", 1))
	music.Albums.Query(ctx, s, "year > ? AND title = ?", args...)
	music.Albums.Query(ctx, s, "year > :low AND title = :title", named)
	music.Albums.Query(ctx, s, "year > :low AND title = :title", what)
	music.Albums.Query(ctx, s, "year > :low AND title = :title", query.Named{"low": 1}, named)
	music.Albums.Query(ctx, s, "year > :low", query.Named{text: 1})
	watch := music.Albums.Query
	watch(ctx, s, "yaer > 1985")
	elsewhere{}.Query(ctx, s, "yaer > 1985")
	_, _ = query.Parse("yaer >")
	music.Albums.Where(music.AlbumYear.Gt(1985)).Query(ctx, s)
}

type elsewhere struct{}

func (elsewhere) Query(ctx context.Context, s entity.Session, text string, args ...any) {}

// Song has a collection that was written by hand, whose columns nobody knows.
type Song struct{ Title string }

type (
	songView    struct{ entity.View }
	songMutable struct{ *entity.Draft }
)

var songs = entity.NewCollection[songView, songMutable](nil, func(Song) []model.Value { return nil })

func byHand(ctx context.Context, s entity.Session) {
	songs.Query(ctx, s, "anything > 1985")
}
