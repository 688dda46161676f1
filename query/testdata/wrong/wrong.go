// Package wrong holds the mistakes that typed columns turn into errors of the
// compiler. Every line that ends in "wrong" must not compile; the others must.
package wrong

import (
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

type (
	album  struct{}
	artist struct{}
	genre  string
)

const (
	albumName     query.Text[album, string]          = "name"
	albumGenre    query.Text[album, genre]           = "genre"
	albumYear     query.Number[album, int]           = "year"
	albumLive     query.Bool[album, bool]            = "live"
	albumReleased query.Time[album, time.Time]       = "released"
	albumArtist   query.ID[album, model.Ref[artist]] = "artist"
	albumID       query.ID[album, event.ID]          = "id"
	artistName    query.Text[artist, string]         = "name"
	albumBy       query.Ref[album, artist]           = "artist"
	albumMeta     query.JSON[album, model.JSON]      = "meta"

	nowhere query.Number[album, string] = "x" // wrong
	noTime  query.Time[album, string]   = "x" // wrong
	noID    query.ID[album, int]        = "x" // wrong
)

var (
	_ = albumYear.Gt(1985).And(albumName.Eq("Parade"))
	_ = albumArtist.Eq(model.RefTo[artist](event.ID{}))
	_ = query.Where(albumYear.Gt(1985)).OrderBy(albumYear.Desc())
	_ = query.Where(albumBy.Where(artistName.Eq("Prince")).And(albumYear.Gt(1985))).OrderBy(albumBy.Order(artistName.Asc()))
	_ = query.Where(albumName.Match("rain")).OrderBy(query.Rank[album]().Desc())
	_ = query.Where(albumYear.Gt(1985)).GroupBy(albumGenre, albumBy.Column(artistName)).
		Select(query.Count[album](), query.Sum(albumYear), query.Max(albumName)).
		Having(query.Avg(albumYear).Gt(5)).OrderBy(query.Key(albumGenre).Asc())

	_ = albumYear.Gt("1985")                                      // wrong
	_ = albumYear.Gt(1985.5)                                      // wrong
	_ = albumYear.Like("19%")                                     // wrong
	_ = albumName.Eq(5)                                           // wrong
	_ = albumGenre.Eq(albumGenreName())                           // wrong
	_ = albumLive.Gt(true)                                        // wrong
	_ = albumReleased.Eq("2024-01-01")                            // wrong
	_ = albumArtist.Eq(model.RefTo[album](event.ID{}))            // wrong
	_ = albumID.Eq("01HK153XZ80000000000000001")                  // wrong
	_ = albumYear.Gt(1985).And(artistName.Eq("Prince"))           // wrong
	_ = query.Where(albumYear.Gt(1985)).OrderBy(artistName.Asc()) // wrong

	_ = albumBy.Where(albumName.Eq("Parade"))                                                      // wrong
	_ = albumBy.Eq(model.RefTo[album](event.ID{}))                                                 // wrong
	_ = albumBy.Order(albumName.Asc())                                                             // wrong
	_ = query.Where(albumYear.Gt(1985)).OrderBy(albumBy.Order(artistName.Asc()), artistName.Asc()) // wrong
	_ = albumYear.Match("rain")                                                                    // wrong
	_ = albumYear.ILike("x%")                                                                      // wrong
	_ = albumName.Contains("x")                                                                    // wrong
	_ = albumMeta.Path("tags").Contains("x", "y")                                                  // wrong
	_ = query.Sum(albumName)                                                                       // wrong
	_ = query.Avg(albumReleased)                                                                   // wrong
	_ = query.Where(albumYear.Gt(1985)).GroupBy(artistName)                                        // wrong
	_ = query.Where(albumYear.Gt(1985)).GroupBy(albumGenre).Select(query.Count[artist]())          // wrong
	_ = query.Where(albumYear.Gt(1985)).GroupBy(albumGenre).Having(albumYear.Gt(5))                // wrong
	_ = query.Where(albumYear.Gt(1985)).GroupBy(albumGenre).OrderBy(albumGenre.Asc())              // wrong
	_ = query.Where(query.Count[album]().Gt(5)).GroupBy(albumGenre)                                // wrong
	_ = albumYear.Gt(1985).And(query.Sum(albumYear).Gt(5))                                         // wrong
)

func albumGenreName() string { return "Funk" }
