package node_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// openBench opens a node over memory, without the watching wrapper.
func openBench(b *testing.B) *node.Session {
	b.Helper()
	engine, err := memory.Open()
	if err != nil {
		b.Fatal(err)
	}
	return openBenchOver(b, engine)
}

func openBenchOver(b *testing.B, engine storage.Engine) *node.Session {
	b.Helper()
	n, err := node.Open(context.Background(), engine,
		node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := engine.Close(); err != nil {
			b.Error(err)
		}
	})
	return n.Session("prince")
}

func createAlbum(ctx context.Context, s *node.Session, i int) (event.ID, error) {
	tx := s.Begin()
	m, err := albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: 1900 + i%100})
	if err != nil {
		return event.ID{}, err
	}
	_, err = tx.Commit(ctx)
	return m.ID(), err
}

func updateAlbum(ctx context.Context, s *node.Session, id event.ID, i int) error {
	tx := s.Begin()
	m, err := albums.Edit(ctx, tx, id)
	if err != nil {
		return err
	}
	m.SetYear(1900 + i%100)
	_, err = tx.Commit(ctx)
	return err
}

func benchCreate(b *testing.B, s *node.Session) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := createAlbum(b.Context(), s, i); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func benchUpdate(b *testing.B, s *node.Session) {
	const entities = 1000
	ids := make([]event.ID, entities)
	for i := range ids {
		var err error
		if ids[i], err = createAlbum(b.Context(), s, i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := updateAlbum(b.Context(), s, ids[i%entities], i/entities+i); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkCreate(b *testing.B) { benchCreate(b, openBench(b)) }
func BenchmarkUpdate(b *testing.B) { benchUpdate(b, openBench(b)) }

func BenchmarkCreateWriters(b *testing.B) {
	for _, writers := range []int{8, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) { benchWriters(b, openBench(b), writers) })
	}
}

func benchWriters(b *testing.B, s *node.Session, writers int) {
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, writers)
	b.ResetTimer()
	for range writers {
		go func() {
			for i := left.Add(-1); i >= 0; i = left.Add(-1) {
				if _, err := createAlbum(b.Context(), s, int(i)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := openBench(b)
	id, err := createAlbum(b.Context(), s, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := albums.Get(b.Context(), s, id); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommitWithLive measures commits while many queries stand, one of which
// each of them concerns.
func BenchmarkCommitWithLive(b *testing.B) {
	for _, standing := range []int{0, 1000, 100_000} {
		b.Run(fmt.Sprint(standing), func(b *testing.B) {
			s := openBench(b)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			lives := make([]*entity.Live[AlbumView], standing)
			for i := range lives {
				var err error
				if lives[i], err = albums.Query(b.Context(), s, "name = ?", fmt.Sprint("a", i)); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			i := 0
			for b.Loop() {
				tx := s.Begin()
				if _, err := albums.Create(tx, Album{Name: fmt.Sprint("a", i%max(1, standing))}); err != nil {
					b.Fatal(err)
				}
				if _, err := tx.Commit(b.Context()); err != nil {
					b.Fatal(err)
				}
				i++
			}
			if standing > 0 {
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(standing), "B/query")
			}
			for _, live := range lives {
				live.Close()
			}
		})
	}
}
