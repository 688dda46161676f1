package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
)

// law is a policy made of functions.
type law struct {
	read   func(p node.Principal, collection string) error
	accept func(a *node.Acceptance) error
}

func (l law) Read(_ context.Context, p node.Principal, collection string) error {
	if l.read == nil {
		return nil
	}
	return l.read(p, collection)
}

func (l law) Accept(_ context.Context, a *node.Acceptance) error {
	if l.accept == nil {
		return nil
	}
	return l.accept(a)
}

func TestNoPolicyNoNode(t *testing.T) {
	_, err := node.Open(t.Context(), nil, node.Models(albumSchema))
	require.ErrorIs(t, err, node.ErrNoPolicy)
	require.ErrorContains(t, err, "AllowAll")
}

func TestPolicySeesBeforeAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ownOnly := errors.New("only one's own albums")
		f := start(t, node.WithPolicy(law{accept: func(a *node.Acceptance) error {
			require.Nil(t, a.Tx())
			require.Len(t, a.Changes, len(a.Transaction.Events))
			for i, c := range a.Changes {
				require.Equal(t, a.Transaction.Events[i], c.Event)
				if c.Schema != albumSchema {
					continue
				}
				before, after := AlbumView{c.Before}, AlbumView{c.After}
				if !before.IsZero() && before.Artist() != string(a.Principal) || after.Artist() != string(a.Principal) {
					return ownOnly
				}
			}
			return nil
		}}))
		id := f.create(f.prince, Album{Name: "Parade", Artist: "prince"})
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1986) })
		err := f.queen.Update(f.ctx, func(tx *node.Tx) error {
			m, err := albums.Edit(f.ctx, tx, id)
			if err != nil {
				return err
			}
			m.SetArtist("queen")
			_, err = notes.Create(tx, Note{Text: "mine now"})
			return err
		})
		require.ErrorIs(t, err, node.ErrDenied)
		require.ErrorIs(t, err, ownOnly)
		var denied *node.DeniedError
		require.ErrorAs(t, err, &denied)
		require.Equal(t, node.Principal("queen"), denied.Principal)
		require.Equal(t, "prince", f.get(id).Artist())
		all, err := notes.Collect(f.ctx, f.queen, "")
		require.NoError(t, err)
		require.Empty(t, all, "all of the transaction was refused")
	})
}

func TestPolicyGuardsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		private := errors.New("notes are private")
		f := start(t, node.WithPolicy(law{read: func(p node.Principal, collection string) error {
			if collection == "notes" && p != "prince" {
				return private
			}
			return nil
		}}))
		var id event.ID
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error {
			m, err := notes.Create(tx, Note{Text: "dear diary"})
			id = m.ID()
			return err
		}))
		_, err := notes.Get(f.ctx, f.prince, id)
		require.NoError(t, err)

		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		tx := f.queen.Begin()
		for name, read := range map[string]func() error{
			"get":     func() error { _, err := notes.Get(f.ctx, f.queen, id); return err },
			"fetch":   func() error { _, err := notes.Collect(f.ctx, f.queen, ""); return err },
			"count":   func() error { _, err := notes.Count(f.ctx, f.queen, ""); return err },
			"query":   func() error { _, err := notes.Query(f.ctx, f.queen, ""); return err },
			"past":    func() error { _, err := notes.Get(f.ctx, f.queen.AsKnown(cursor), id); return err },
			"pasts":   func() error { _, err := notes.Collect(f.ctx, f.queen.AsKnown(cursor), ""); return err },
			"tx":      func() error { _, err := notes.Get(f.ctx, tx, id); return err },
			"txs":     func() error { _, err := notes.Collect(f.ctx, tx, ""); return err },
			"edit":    func() error { _, err := notes.Edit(f.ctx, tx, id); return err },
			"history": func() error { return firstError(notes.History(f.ctx, f.queen, id)) },
		} {
			err := read()
			require.ErrorIs(t, err, node.ErrDenied, name)
			require.ErrorIs(t, err, private, name)
			require.ErrorContains(t, err, `"queen"`, name)
		}
	})
}

func firstError[V any](seq func(yield func(V, error) bool)) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestHooksRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := errors.New("the shop is closed")
		var order []string
		f := start(t,
			node.Hooks(func(context.Context, *node.Acceptance) error {
				order = append(order, "first hook")
				return nil
			}, func(_ context.Context, a *node.Acceptance) error {
				order = append(order, "second hook")
				if (AlbumView{a.Changes[0].After}).Name() == "forbidden" {
					return closed
				}
				return nil
			}),
			node.WithPolicy(law{accept: func(*node.Acceptance) error {
				order = append(order, "policy")
				return nil
			}}))
		require.NoError(t, tryCreate(f.ctx, f.prince, Album{Name: "allowed"}))
		require.Equal(t, []string{"first hook", "second hook", "policy"}, order)
		err := tryCreate(f.ctx, f.prince, Album{Name: "forbidden"})
		require.ErrorIs(t, err, closed)
		require.ErrorIs(t, err, node.ErrDenied)
		require.Equal(t, []string{"allowed"}, f.names(f.prince, ""))
	})
}

func TestHooksAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var judged int
		f := start(t, node.Hooks(func(ctx context.Context, a *node.Acceptance) error {
			tx := a.Tx()
			if _, err := notes.Create(tx, Note{Text: "by " + string(a.Principal)}); err != nil {
				return err
			}
			all, err := notes.Collect(ctx, tx, "")
			if err != nil {
				return err
			}
			require.NotEmpty(t, all, "the hook sees what it adds")
			for _, c := range a.Changes {
				m, err := albums.Edit(ctx, tx, c.After.ID())
				if err != nil {
					return err
				}
				require.Equal(t, (AlbumView{c.After}).Name(), (AlbumView{m.View()}).Name(), "and what the author does")
				m.SetArtist("(checked)")
			}
			return nil
		}), node.WithPolicy(law{accept: func(a *node.Acceptance) error {
			judged = 0
			for _, c := range a.Changes {
				if c.Added {
					judged++
				}
			}
			return nil
		}}))
		id := f.create(f.prince, Album{Name: "Parade", Artist: "?"})
		require.Equal(t, 2, judged, "the policy sees what hooks added")
		require.Equal(t, "(checked)", f.get(id).Artist())
		f.edit(f.queen, id, func(m AlbumMutable) { m.SetArtist("queen") })
		require.Equal(t, "(checked)", f.get(id).Artist(), "an added event follows the author's")
		require.Len(t, f.get(id).Head(), 1)
		all, err := notes.Collect(f.ctx, f.queen, "ORDER BY id")
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, "by queen", all[1].Text())

		var authors []string
		for v, err := range albums.History(f.ctx, f.queen, id) {
			require.NoError(t, err)
			authors = append(authors, v.Author)
		}
		require.Equal(t, []string{"prince", "prince", "queen", "queen"}, authors)
		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		at, _ := cursor.At(f.node.Origin())
		require.Equal(t, uint64(2), at.Seq, "they share an entry")
		requireLogVerifies(f)
	})
}

// TestWhatHooksAddComesLater: it sorts after what it was added to.
func TestWhatHooksAddComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.Hooks(func(_ context.Context, a *node.Acceptance) error {
			_, err := notes.Create(a.Tx(), Note{Text: "noted"})
			return err
		}))
		ahead := newClient(t, time.Minute).create(Album{Name: "Parade"})
		_, err := f.node.Accept(f.ctx, "prince", ahead)
		require.NoError(t, err)
		note, err := notes.First(f.ctx, f.queen, "")
		require.NoError(t, err)
		require.True(t, ahead.ID.Less(note.ID()))
		for _, at := range []time.Time{time.Now(), time.Now().Add(time.Hour)} {
			list, err := notes.Collect(f.ctx, f.queen.AsOf(at), "")
			require.NoError(t, err)
			require.Len(t, list, len(f.names(f.queen.AsOf(at), "")), "both or none")
		}
	})
}

func TestHooksSeeUnfinishedBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := errors.New("one album is enough")
		f := start(t, node.Hooks(func(ctx context.Context, a *node.Acceptance) error {
			all, err := albums.Collect(ctx, a.Tx(), "ORDER BY name LIMIT 5")
			if err != nil {
				return err
			}
			if len(all) > 1 {
				return limit
			}
			return nil
		}))
		j := f.judged()
		first, second := f.begin(f.creating("first")), f.begin(f.creating("second"))
		j.verdicts <- store
		<-first.done
		<-second.done
		require.NoError(t, first.err)
		require.ErrorIs(t, second.err, limit)
	})
}

func TestPanicsRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.Hooks(func(_ context.Context, a *node.Acceptance) error {
			if (AlbumView{a.Changes[0].After}).Name() == "boom" {
				panic("oh no")
			}
			return nil
		}))
		err := tryCreate(f.ctx, f.prince, Album{Name: "boom"})
		require.ErrorIs(t, err, node.ErrDenied)
		require.ErrorContains(t, err, "oh no")
		require.NoError(t, tryCreate(f.ctx, f.prince, Album{Name: "fine"}), "the node goes on")
	})
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithPolicy(law{
			read:   func(node.Principal, string) error { panic("oh no") },
			accept: func(*node.Acceptance) error { panic("oh dear") },
		}))
		require.ErrorContains(t, tryCreate(f.ctx, f.prince, Album{Name: "boom"}), "oh dear")
		_, err := albums.Collect(f.ctx, f.prince, "")
		require.ErrorContains(t, err, "oh no")
		require.ErrorIs(t, err, node.ErrDenied)
	})
}

func TestHookMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept entity.Tx
		f := start(t, node.Hooks(func(_ context.Context, a *node.Acceptance) error {
			kept = a.Tx()
			_, err := albums.Create(a.Tx(), Album{Name: "old", Year: 1800})
			return err
		}))
		require.ErrorIs(t, tryCreate(f.ctx, f.prince, Album{Name: "x"}), errTooOld, "what hooks add must be valid, too")
		_, err := albums.Create(kept, Album{Name: "late"})
		require.ErrorIs(t, err, entity.ErrFinished)
	})
}
