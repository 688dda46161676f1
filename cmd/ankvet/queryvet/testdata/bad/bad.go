// Package bad holds queries that are wrong, one of each kind.
package bad

import (
	"context"
	"time"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/music"
	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/people"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func becoming(ctx context.Context, live *entity.Live[music.AlbumView], counts *entity.Live[entity.Group], n int) {
	live.Requery(ctx, "yaer > 1985")                   // want `query 1:1: Album has no column "yaer" \(did you mean year\?\)`
	live.Requery(ctx, "artist.name = ?", n)            // want `query 1:15: column artist.name is a string and cannot be compared with n, an int`
	live.Requery(ctx, "SELECT COUNT(*)")               // want `query 1:1: a query with SELECT asks for groups`
	counts.Requery(ctx, "year > 1985")                 // want `query 1:1: .* SELECT`
	counts.Requery(ctx, "SELECT COUNT(*) WHERE yaer=") // want `query 1:28: expected a column or a value, found the end`
}

func syntax(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "year > 1985 AN live") // want `query 1:13: expected AND, OR, ORDER BY, LIMIT or the end, found "AN" \(did you mean AND\?\)`
	music.Albums.Fetch(ctx, s, "year >")              // want `query 1:7: expected a column or a value, found the end`
	music.Albums.First(ctx, s, "title = 'Parade")     // want `query 1:9: a string is not closed`
	music.Albums.Count(ctx, s, "year == 1986")        // want `query 1:6: unexpected "==" \(did you mean =\?\)`
	music.Albums.Collect(ctx, s, "year > 0 LIMIT -1") // want `query 1:16: LIMIT is a whole number from 0`
}

func columns(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "yaer > 1985")                      // want `query 1:1: Album has no column "yaer" \(did you mean year\?\)`
	music.Albums.Query(ctx, s, "year > 1985 ORDER BY tilte")       // want `query 1:22: Album has no column "tilte" \(did you mean title\?\)`
	music.Albums.Query(ctx, s, "day > '1986-01-01'")               // want `query 1:1: Album has no column "day"`
	music.Albums.Query(ctx, s, "name = 'Parade'")                  // want `query 1:1: Album has no column "name"; it was renamed \(did you mean title\?\)`
	music.Albums.Query(ctx, s, `title = "Parade"`)                 // want `query 1:9: Album has no column "Parade"; a string stands in single quotes \(did you mean 'Parade'\?\)`
	music.Albums.Query(ctx, s, "cache IS NULL")                    // want `query 1:1: Album has no column "cache"`
	music.Images.Query(ctx, s, "year > 1985")                      // want `query 1:1: Image has no column "year"`
	people.People.Query(ctx, s, "born IS NULL ORDER BY nmae DESC") // want `query 1:23: Person has no column "nmae" \(did you mean name\?\)`
}

func types(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "year > 'x'")                   // want `query 1:8: column year is an int and cannot be compared with 'x', a string`
	music.Albums.Query(ctx, s, "live = 1")                     // want `query 1:8: column live is a bool and cannot be compared with 1, an int \(did you mean TRUE\?\)`
	music.Albums.Query(ctx, s, "released > 'soon'")            // want `query 1:12: column released: 'soon' is no time`
	music.Albums.Query(ctx, s, "length > 'long'")              // want `query 1:10: column length: 'long' is no duration`
	music.Albums.Query(ctx, s, "artist = 'Prince'")            // want `query 1:10: column artist: 'Prince' is no ID`
	music.Albums.Query(ctx, s, "year LIKE '19%'")              // want `query 1:1: column year is an int; LIKE needs a string`
	music.Albums.Query(ctx, s, "title")                        // want `query 1:1: column title is a string and no predicate by itself`
	music.Albums.Query(ctx, s, "title.length > 3")             // want `query 1:1: column title of Album is a string, which has nothing called length`
	music.Albums.Query(ctx, s, "genre NOT IN (NULL, 5)")       // want `query 1:21: column genre is a string and cannot be compared with 5, an int`
	music.Albums.Query(ctx, s, "year > title AND hash = TRUE") // want `query 1:1: column year is an int and cannot be compared with column title, a string`
	music.Albums.Query(ctx, s, "plays > 0 LIMIT 5 OFFSET 'x'") // want `query 1:26: expected a number of rows, found 'x'`
}

func references(ctx context.Context, s entity.Session, n int) {
	music.Albums.Query(ctx, s, "artist.nmae = 'Prince'")                         // want `query 1:1: Person has no column "nmae"`
	music.Images.Query(ctx, s, "url != '' AND album.artist.born = 5")            // want `query 1:35: column album.artist.born is a time and cannot be compared with 5, an int`
	music.Images.Query(ctx, s, "album.cover.album.cover.url = ?", n)             // want `query 1:31: column album.cover.album.cover.url is a string and cannot be compared with n, an int`
	music.Albums.Query(ctx, s, "live ORDER BY cover.year")                       // want `query 1:15: Image has no column "year"`
	music.Albums.Query(ctx, s, "title.name = 'x'")                               // want `query 1:1: column title of Album is a string, which has nothing called name`
	music.Albums.Query(ctx, s, "title MATCH ?", n)                               // want `query 1:13: .* a string`
	music.Albums.Query(ctx, s, "year + title > 5")                               // want `query 1:1: there is no number \+ string`
	music.Albums.Query(ctx, s, "released > now() - ?", n)                        // want `query 1:12: there is no time - number`
	music.Albums.Query(ctx, s, "meta.tags CONTAINS ANY (?) AND len(title) = ''") // want `query 1:25: no argument` `query 1:45: LEN\(title\) is .* and cannot be compared`
}

func groups(ctx context.Context, s entity.Session, n int, text string) {
	music.Albums.FetchGroups(ctx, s, "SELECT genre, COUNT(*) AS n GROUP BY gnere") // want `query 1:38: Album has no column "gnere" \(did you mean genre\?\)`
	music.Albums.FetchGroups(ctx, s, "SELECT year, SUM(title) GROUP BY year")      // want `query 1:1.: .*`
	music.Albums.FetchGroups(ctx, s, "SELECT genre, COUNT(*)")                     // want `query 1:8: column genre is neither grouped nor aggregated`
	music.Albums.FetchGroups(ctx, s, "SELECT COUNT(*) AS n HAVING n > ?", text)    // want `query 1:33: .* cannot be compared with text, a string`
	music.Albums.FetchGroups(ctx, s, "year > ?", n)                                // want `query 1:1: a query without SELECT asks for entities`
	music.Albums.Fetch(ctx, s, "SELECT COUNT(*)")                                  // want `query 1:1: a query with SELECT asks for groups`
}

func counts(ctx context.Context, s entity.Session, year int) {
	music.Albums.Query(ctx, s, "year > ? AND year < ?", year)                                // want `query 1:21: no argument for parameter 2: 1 given`
	music.Albums.Query(ctx, s, "year > ?", year, year)                                       // want `query 1:9: 2 arguments for 1 parameter`
	music.Albums.Query(ctx, s, "year > 1985", year)                                          // want `query 1:12: 1 argument for 0 parameters`
	music.Albums.Query(ctx, s, "year > :yaer", query.Named{"year": year})                    // want `query 1:8: no argument for :yaer \(did you mean :year\?\)`
	music.Albums.Query(ctx, s, "year > :year", query.Named{"year": year, "title": "Parade"}) // want `query 1:13: no parameter :title for the argument of that name`
	music.Albums.Query(ctx, s, "year > :year", year)                                         // want `query 1:8: no argument for :year`
	music.Albums.Query(ctx, s, "yaer > ?")                                                   // want `query 1:1: Album has no column "yaer"` `query 1:8: no argument for parameter 1: 0 given`
}

type stop struct{ why string }

func arguments(ctx context.Context, s entity.Session, n int, name string, b bool, f float64, at time.Time, d time.Duration,
	id event.ID, bytes []byte, genre music.Genre, years []int, names []string, album music.AlbumView, whys []stop,
) {
	music.Albums.Query(ctx, s, "released > ?", n)                           // want `query 1:12: column released is a time and cannot be compared with n, an int`
	music.Albums.Query(ctx, s, "year > ?", name)                            // want `query 1:8: column year is an int and cannot be compared with name, a string`
	music.Albums.Query(ctx, s, "year > ?", at)                              // want `query 1:8: column year is an int and cannot be compared with at, a time`
	music.Albums.Query(ctx, s, "title = ? OR year = ?", "Parade", "1986")   // want `query 1:21: column year is an int and cannot be compared with '1986', a string \(did you mean 1986\?\)`
	music.Albums.Query(ctx, s, "title = ? AND live = ?", f, n)              // want `query 1:9: column title is a string and cannot be compared with f, a float` `query 1:22: column live is a bool and cannot be compared with n, an int`
	music.Albums.Query(ctx, s, "rating < :top", query.Named{"top": b})      // want `query 1:10: column rating is a float and cannot be compared with b, a bool`
	music.Albums.Query(ctx, s, "length > ?", at.Add(d))                     // want `query 1:10: column length is a duration and cannot be compared with at.Add\(d\), a time`
	music.Albums.Query(ctx, s, "length > ?", 5)                             // want `query 1:10: column length is a duration and cannot be compared with 5, an int`
	music.Albums.Query(ctx, s, "hash = ?", name)                            // want `query 1:8: column hash is bytes and cannot be compared with name, a string`
	music.Albums.Query(ctx, s, "title = ?", id)                             // want `query 1:9: column title is a string and cannot be compared with id, an ID`
	music.Albums.Query(ctx, s, "title = ?", album)                          // want `query 1:9: column title is a string and cannot be compared with album, an ID`
	music.Albums.Query(ctx, s, "year = ?", &genre)                          // want `query 1:8: column year is an int and cannot be compared with &genre, a string`
	music.Albums.Query(ctx, s, "artist = ?", bytes)                         // want `query 1:10: column artist is an ID and cannot be compared with bytes, bytes`
	music.Albums.Query(ctx, s, "released > ?", "soon")                      // want `query 1:12: column released: 'soon' is no time`
	music.Albums.Query(ctx, s, "year = ?", years)                           // want `query 1:8: argument 1 is a \[\]int, which is no value; a slice stands for the items of IN`
	music.Albums.Query(ctx, s, "year IN (?)", names)                        // want `query 1:10: column year is an int and cannot be compared with an element of names, a string`
	music.Albums.Query(ctx, s, "year IN (?, ?)", n, []time.Time{at})        // want `query 1:13: column year is an int and cannot be compared with an element of .*, a time`
	music.Albums.Query(ctx, s, "year IN (?)", whys)                         // want `query 1:10: element 1 of argument 1 is a bad.stop, which is no value`
	music.Albums.Query(ctx, s, "year = ?", map[string]int{})                // want `query 1:8: argument 1 is a map\[string\]int, which is no value`
	music.Albums.Query(ctx, s, "meta.year > ?", func() int { return 1986 }) // want `query 1:13: argument 1 is a func\(\) int, which is no value`
	music.Albums.Query(ctx, s, "year > 1985 LIMIT ?", name)                 // want `query 1:19: LIMIT is a whole number from 0`
	music.Albums.Query(ctx, s, "title LIKE ?", n)                           // want `query 1:12: what is to the right of LIKE is a string`
	music.Albums.Query(ctx, s, "title LIKE ? ESCAPE ?", name, "ab")         // want `query 1:21: ESCAPE is a string of one character`
	music.Albums.Query(ctx, s, "meta.x < ?", at)                            // want `query 1:10: column meta.x is JSON and cannot be compared with at, a time`
	music.Albums.Query(ctx, s, "plays = ?", model.BytesOf(bytes))           // want `query 1:9: column plays is a uint and cannot be compared with model.BytesOf\(bytes\), bytes`
}

type shelf struct {
	*entity.Collection[music.AlbumView, music.AlbumMutable, music.Album]
}

type albums = *entity.Collection[music.AlbumView, music.AlbumMutable, music.Album]

func calls(ctx context.Context, s entity.Session, in shelf, also albums) {
	in.Query(ctx, s, "yaer > 1985")                                         // want `Album has no column "yaer"`
	also.Count(ctx, s, "yaer > 1985")                                       // want `Album has no column "yaer"`
	(music.Albums.Collect)(ctx, s, ("yaer > 1985"))                         // want `Album has no column "yaer"`
	albums.First(also, ctx, s, "yaer > 1985")                               // want `Album has no column "yaer"`
	(*entity.Collection[music.ImageView, music.ImageMutable, music.Image]). // a method expression
										Query(music.Images, ctx, s, "yaer > 1985") // want `Image has no column "yaer"`
	for range music.Albums.Fetch(ctx, s, "yaer > 1985") { // want `Album has no column "yaer"`
	}
	func() { music.Albums.Query(ctx, s, "yaer > 1985") }() // want `Album has no column "yaer"`
}

// generic does not know the model; the text and the number of arguments it does.
func generic[V ~struct{ entity.View }, M ~struct{ *entity.Draft }, S any](ctx context.Context, s entity.Session, c *entity.Collection[V, M, S]) {
	c.Query(ctx, s, "anything > 1985")
	c.Query(ctx, s, "anything >")           // want `query 1:11: expected a column or a value, found the end`
	c.Query(ctx, s, "anything > ?")         // want `query 1:12: no argument for parameter 1: 0 given`
	c.Query(ctx, s, "anything > ?", stop{}) // want `query 1:12: argument 1 is a bad.stop, which is no value`
}
