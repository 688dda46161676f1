// Package places holds misspelt columns in every form that a constant text has.
package places

import (
	"context"

	"github.com/ankgo/ank/cmd/ankvet/queryvet/testdata/music"
	"github.com/ankgo/ank/entity"
)

const (
	simple        = "yaer > 1985" // want `1:1: .*"yaer"`
	typed  string = "yaer > 1986" // want `1:1: .*"yaer"`
	start         = "title = 'é' AND "
	joined        = start + "yaer > " + end // want `1:17: .*"yaer"`
	end           = "1987"
	a, b          = "live AND yaer > 1988", "x" // want `1:10: .*"yaer"` `1:1: .*"x"`
)

type text string

const declared text = "yaer > 1989" // want `1:1: .*"yaer"`

func literals(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "title = '\u00e9\t\x41\303\251\\' AND yaer > 1") // want `1:21: .*"yaer"`
	music.Albums.Query(ctx, s, "title = '日本' AND yaer > 2")                     // want `1:18: .*"yaer"`
	music.Albums.Query(ctx, s, "title = \"Parade\" AND year > 2")               // want `1:9: .*"Parade"`
	music.Albums.Query(ctx, s, `title = "Parade" AND year > 2`)                 // want `1:9: .*"Parade"`
	music.Albums.Query(ctx, s, `title = 'é' AND yaer > 3`)                      // want `1:17: .*"yaer"`
	// want +3 `3:7: .*"yaer"`
	music.Albums.Query(ctx, s, `
		year > 4
		AND yaer < 5
	`)
	music.Albums.Query(ctx, s, "year > 6\n"+
		"AND (live OR "+
		`yaer < 7)`) // want `2:14: .*"yaer"`
	music.Albums.Query(ctx, s, ("live AND ")+("yaer > 8")) // want `1:10: .*"yaer"`
	music.Albums.Query(ctx, s, string(declared))
	music.Albums.Query(ctx, s, string("yaer > 9")) // want `1:1: .*"yaer"`
}

// Half of the name stands in another literal: there is nothing to replace.
func split(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "live AND ya"+"er > 10") // want `1:10: .*"yaer"`
}

func constants(ctx context.Context, s entity.Session) {
	const local = "yaer > 11" // want `1:1: .*"yaer"`
	music.Albums.Query(ctx, s, simple)
	music.Albums.Query(ctx, s, simple)
	music.Albums.Query(ctx, s, typed)
	music.Albums.Query(ctx, s, joined+" ORDER BY title")
	music.Albums.Query(ctx, s, a)
	music.Albums.Query(ctx, s, local)
	music.Albums.Query(ctx, s, music.Misspelt)             // want `1:1: .*"yaer"`
	music.Albums.Query(ctx, s, "live AND "+music.Misspelt) // want `1:10: .*"yaer"`
	music.Albums.Query(ctx, s, b+" > 1")
}

// What a fix makes must be a query.
func noFix(ctx context.Context, s entity.Session) {
	music.Albums.Query(ctx, s, "year IN [1985]")           // want `1:9: expected \( and a list, found "\["`
	music.Albums.Query(ctx, s, "genre NOT NULL")           // want `1:11: expected .*`
	music.Albums.Query(ctx, s, "year = ?", "1986")         // want `1:8: .*did you mean 1986`
	music.Albums.Query(ctx, s, "yaer > 1 AND tilte = 'x'") // want `1:1: .*"yaer"`
	music.Albums.Query(ctx, s, "yaer > 1 AND")             // want `1:13: expected .*`
}
