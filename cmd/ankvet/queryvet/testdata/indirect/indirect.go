// Package indirect asks for what package people has without importing it, so that
// the compiler tells it nothing of the columns there.
package indirect

import (
	"context"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/music"
	"github.com/ankgo/ank/entity"
)

func follow(ctx context.Context, s entity.Session, n int) {
	music.Albums.Query(ctx, s, "artist.name = 'Prince' AND artist.born > '1958-01-01'")
	music.Albums.Query(ctx, s, "artist.nmae = 'Prince'") // want `Person has no column "nmae"`
	music.Albums.Query(ctx, s, "cover.url = ?", n)       // want `column cover.url is a string`
}
