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

	nowhere query.Number[album, string] = "x" // wrong
	noTime  query.Time[album, string]   = "x" // wrong
	noID    query.ID[album, int]        = "x" // wrong
)

var (
	_ = albumYear.Gt(1985).And(albumName.Eq("Parade"))
	_ = albumArtist.Eq(model.RefTo[artist](event.ID{}))
	_ = query.Where(albumYear.Gt(1985)).OrderBy(albumYear.Desc())

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
)

func albumGenreName() string { return "Funk" }
