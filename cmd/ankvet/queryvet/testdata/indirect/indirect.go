// Package indirect asks for what package people has without importing it, so that
// the compiler tells it nothing of the columns there.
package indirect

import (
	"context"
	"time"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/music"
	"github.com/ankgo/ank/entity"
)

func follow(ctx context.Context, s entity.Session, n int, name string) {
	music.Albums.Query(ctx, s, "artist.name = 'Prince' AND artist.born > '1958-01-01' AND artist.active AND artist.photo != ?", []byte{})
	music.Albums.Query(ctx, s, "artist.links.web IS NULL ORDER BY artist.mentor.nickname, artist.age")
	music.Images.Query(ctx, s, "taken.stay > ? AND taken.name = 'Paisley Park'", time.Hour)
	music.Albums.Query(ctx, s, "artist.nmae = 'Prince'")       // want `Person has no column "nmae"`
	music.Albums.Query(ctx, s, "artist.mentor.age > ?", name)  // want `column artist.mentor.age is a uint and cannot be compared with name, a string`
	music.Albums.Query(ctx, s, "artist.mentor.active = 'yes'") // want `column artist.mentor.active is a bool`
	music.Albums.Query(ctx, s, "cover.url = ?", n)             // want `column cover.url is a string`
}
