package postgres_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// What an engine stores, people and tools read with SQL.
func ExampleOpen() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)
	defer conn.Exec(ctx, `DROP SCHEMA music CASCADE`)

	engine, err := postgres.Open(ctx, dsn(), postgres.Options{Schema: "music"})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	labels := model.NewSchema(model.Definition{Model: "Label", Collection: "labels", Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
	}})
	albums := model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
		{Name: "year", Type: model.TypeInt},
		{Name: "label", Type: model.TypeID, Optional: true, Ref: "labels"},
	}})
	if err := engine.Register(ctx, labels, albums); err != nil {
		log.Fatal(err)
	}
	draft := storagetest.NewWorld(1, 1).Begin() // in the place of a node
	warner := draft.Create(labels, "name", "Warner")
	draft.Create(albums, "name", "Parade", "year", 1986, "label", warner)
	draft.Create(albums, "name", "Lovesexy", "year", 1988, "label", warner)
	if err := engine.Commit(ctx, draft.Batch()); err != nil {
		log.Fatal(err)
	}

	var report string
	err = conn.QueryRow(ctx, `
		SELECT string_agg(l.name || ': ' || a.name || ' of ' || a.year, E'\n' ORDER BY a.year)
		FROM music.albums a JOIN music.labels l ON l.id = a.label
		WHERE NOT a._deleted`).Scan(&report)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report)
	// Output:
	// Warner: Parade of 1986
	// Warner: Lovesexy of 1988
}
