package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
)

// albumsFile holds real albums: artist, country, the year it began, album, year,
// genre, label; one album a line.
//
//go:embed albums.tsv
var albumsFile string

// load stores the albums of the file: one transaction for each artist, with all
// of the artist's albums in it.
func load(ctx context.Context, s *node.Session) (albums int, err error) {
	reader := csv.NewReader(strings.NewReader(albumsFile))
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil {
		return 0, err
	}
	rows = rows[1:] // the names of the columns
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n][0] == rows[0][0] {
			n++
		}
		err := s.Update(ctx, func(tx *node.Tx) error { return loadArtist(tx, rows[:n]) })
		if err != nil {
			return albums, fmt.Errorf("%s: %w", rows[0][0], err)
		}
		albums, rows = albums+n, rows[n:]
	}
	return albums, nil
}

// loadArtist creates one artist and the albums in rows, which are all theirs.
func loadArtist(tx *node.Tx, rows [][]string) error {
	formed, err := strconv.Atoi(rows[0][2])
	if err != nil {
		return err
	}
	artist, err := music.Artists.Create(tx, music.Artist{Name: rows[0][0], Country: rows[0][1], Formed: &formed})
	if err != nil {
		return err
	}
	for _, row := range rows {
		year, err := strconv.Atoi(row[4])
		if err != nil {
			return err
		}
		_, err = music.Albums.Create(tx, music.Album{
			Name: row[3], Artist: model.RefTo[music.Artist](artist.ID()),
			Year: year, Genre: music.Genre(row[5]), Label: &row[6],
		})
		if err != nil {
			return err
		}
	}
	return nil
}
