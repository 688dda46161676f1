package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	engine "github.com/ankgo/ank/storage/pebble"
)

// storeOptions returns the options with which Ank opens Pebble. They come from the
// file in which Pebble writes down the options of a store, and so are the same
// even when Ank's change.
func (r *run) storeOptions(ctx context.Context) (*pebble.Options, error) {
	if r.options == "" {
		var err error
		if r.options, err = r.readOptions(ctx); err != nil {
			return nil, err
		}
	}
	options := &pebble.Options{Logger: silent{}}
	err := options.Parse(r.options, &pebble.ParseHooks{
		NewFilterPolicy: func(string) (pebble.FilterPolicy, error) { return bloom.FilterPolicy(10), nil },
	})
	options.EnsureDefaults()
	return options, err
}

// readOptions makes a store to read its options.
func (r *run) readOptions(ctx context.Context) (string, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return "", err
	}
	defer remove()
	store, err := engine.Open(ctx, dir, engine.Options{Ballast: -1})
	if err != nil {
		return "", err
	}
	if err := store.Close(); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(dir, "store", "OPTIONS-*"))
	if err != nil || len(files) == 0 {
		return "", errors.Join(errors.New("the store has no file of options"), err)
	}
	text, err := os.ReadFile(files[len(files)-1])
	return string(text), err
}

// silent says nothing, except what ends the process.
type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, _ ...any) { panic(format) }

// openRaw opens a Pebble store with the options of Ank's.
func (r *run) openRaw(ctx context.Context, dir string) (*pebble.DB, error) {
	options, err := r.storeOptions(ctx)
	if err != nil {
		return nil, err
	}
	return pebble.Open(filepath.Join(dir, "raw"), options)
}
