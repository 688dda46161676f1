package event_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

// valid returns a transaction of a creation and two updates, far from any rule's
// edge, for tests to break.
func valid() *event.Transaction {
	tx := event.ID{0x20, 5: 5}
	created, one, two := event.ID{0x10, 15: 1}, event.ID{0x10, 15: 2}, event.ID{0x10, 15: 3}
	set := []event.Operation{{Field: "name", Kind: event.OpSet, Value: []byte("v")}}
	return &event.Transaction{ID: tx, Events: []*event.Event{
		{ID: created, Entity: created, Collection: "album", Ops: set},
		{ID: tx.Update(1), Entity: one, Collection: "album", Precursors: event.Head{one}, Ops: set},
		{ID: tx.Update(2), Entity: two, Collection: "album", Precursors: event.Head{{0x11}, {0x12}}, Ops: slices.Clone(set)},
	}}
}

func TestValidTransaction(t *testing.T) {
	require.NoError(t, valid().Validate())
}

func TestValidateTransaction(t *testing.T) {
	for name, tc := range map[string]struct {
		damage func(tx *event.Transaction)
		reason string
	}{
		"ID of an event":         {func(tx *event.Transaction) { tx.ID = tx.ID.Update(1) }, "the low 20 bits are not zero"},
		"no ID":                  {func(tx *event.Transaction) { tx.ID = event.ID{} }, "its ID is not a transaction's"},
		"no events":              {func(tx *event.Transaction) { tx.Events = nil }, "no events"},
		"nil event":              {func(tx *event.Transaction) { tx.Events[1] = nil }, "event 1 is nil"},
		"gap between updates":    {func(tx *event.Transaction) { tx.Events[2].ID = tx.ID.Update(3) }, "update event 2 has ID"},
		"updates out of order":   {func(tx *event.Transaction) { slices.Reverse(tx.Events[1:]) }, "update event 1 has ID"},
		"of another transaction": {func(tx *event.Transaction) { tx.Events[1].ID[1]++ }, "update event 1 has ID"},
		"creation above":         {func(tx *event.Transaction) { tx.Events[0].ID = event.ID{0x21}; tx.Events[0].Entity = event.ID{0x21} }, "it is not above the creation event"},
		"creation last":          {func(tx *event.Transaction) { tx.Events = append(tx.Events[1:], tx.Events[0]) }, "not in ID order"},
		"creation twice":         {func(tx *event.Transaction) { tx.Events = slices.Insert(tx.Events, 0, tx.Events[0]) }, "occurs twice"},
		"precursor above":        {func(tx *event.Transaction) { tx.Events[2].Precursors = event.Head{tx.ID} }, "is not older than its transaction"},
		"two events, one entity": {func(tx *event.Transaction) { tx.Events[2].Entity = tx.Events[1].Entity }, "has two events"},
		"created and updated":    {func(tx *event.Transaction) { tx.Events[2].Entity = tx.Events[0].Entity }, "has two events"},
		"unsorted extensions":    {func(tx *event.Transaction) { tx.Ext = []event.Extension{{Tag: 2}, {Tag: 1}} }, "not sorted by tag"},
		"invalid event":          {func(tx *event.Transaction) { tx.Events[0].Collection = "" }, "no collection"},
	} {
		tx := valid()
		tc.damage(tx)
		err := tx.Validate()
		require.ErrorIs(t, err, event.ErrInvalid, name)
		require.ErrorContains(t, err, tc.reason, name)
		require.NotContains(t, strings.TrimPrefix(err.Error(), "event: "), "%!", name)
	}
}

func TestValidateEvent(t *testing.T) {
	many := slices.Repeat([]event.Operation{{Kind: event.OpSet}}, event.MaxOps+1)
	wide := make(event.Head, event.MaxPrecursors+1)
	for i := range wide {
		wide[i] = event.ID{0x11, 15: byte(i)}
	}
	for name, tc := range map[string]struct {
		damage func(e *event.Event)
		reason string
	}{
		"no ID":                 {func(e *event.Event) { e.ID = event.ID{} }, "no ID"},
		"no entity":             {func(e *event.Event) { e.Entity = event.ID{} }, "no entity"},
		"no collection":         {func(e *event.Event) { e.Collection = "" }, "no collection"},
		"long collection":       {func(e *event.Event) { e.Collection = strings.Repeat("x", 256) }, "256 bytes, at most 255"},
		"collection not UTF-8":  {func(e *event.Event) { e.Collection = "\xff" }, "not UTF-8"},
		"not its own entity":    {func(e *event.Event) { e.Precursors = nil }, "it has no precursors, but"},
		"too many precursors":   {func(e *event.Event) { e.Precursors = wide }, "65 precursors, the limit is 64"},
		"unsorted precursors":   {func(e *event.Event) { slices.Reverse(e.Precursors) }, "not sorted and distinct"},
		"precursor twice":       {func(e *event.Event) { e.Precursors[1] = e.Precursors[0] }, "not sorted and distinct"},
		"precursor is itself":   {func(e *event.Event) { e.Precursors = event.Head{e.ID} }, "is not older"},
		"older than its entity": {func(e *event.Event) { e.Precursors = event.Head{{1}} }, "is older than its entity"},
		"not a head":            {func(e *event.Event) { e.Precursors[0] = e.Entity }, "all others descend from the creation event"},
		"ID of a transaction":   {func(e *event.Event) { e.ID = e.ID.Transaction() }, "not one of a transaction's update events"},
		"ID beyond the updates": {func(e *event.Event) { e.ID = e.ID.Transaction().Update(event.MaxTransactionEvents + 1) }, "not one of a transaction's update events"},
		"too many operations":   {func(e *event.Event) { e.Ops = many }, "4097 operations, the limit is 4096"},
		"no kind":               {func(e *event.Event) { e.Ops[0].Kind = 0 }, "operation 0: no kind"},
		"long field":            {func(e *event.Event) { e.Ops[0].Field = strings.Repeat("x", 256) }, "256 bytes, at most 255"},
		"field with NUL":        {func(e *event.Event) { e.Ops[0].Field = "a\x00" }, "U+0000"},
		"long path":             {func(e *event.Event) { e.Ops[0].Path = strings.Repeat("x", 1025) }, "a path of 1025 bytes"},
		"path not UTF-8":        {func(e *event.Event) { e.Ops[0].Path = "\xc3" }, "a path that is not UTF-8"},
		"wide field head":       {func(e *event.Event) { e.Ops[0].FieldHead = wide }, "a field head of 65 events"},
		"unsorted field head":   {func(e *event.Event) { e.Ops[0].FieldHead = event.Head{{0x12}, {0x11}} }, "a field head that is not sorted"},
		"old field head":        {func(e *event.Event) { e.Ops[0].FieldHead = event.Head{{0x01}} }, "not between the entity's creation and the event"},
		"young field head":      {func(e *event.Event) { e.Ops[0].FieldHead = event.Head{e.ID} }, "not between the entity's creation and the event"},
		"erased and there":      {func(e *event.Event) { e.Ops[0].Erased = new(event.Erasure) }, "erased and still there"},
		"needless salts":        {func(e *event.Event) { e.OpSalts = make([]event.Salt, 1) }, "explicit salts that no value needs"},
		"missing salts": {func(e *event.Event) {
			e.Ops = append(e.Ops, event.Operation{Kind: 1, Erased: new(event.Erasure)})
		}, "the others have no salts"},
		"unsorted extensions": {func(e *event.Event) { e.Ext = []event.Extension{{Tag: 1}, {Tag: 1}} }, "not sorted by tag"},
		"too many extensions": {func(e *event.Event) { e.Ext = make([]event.Extension, 65) }, "65 extensions, the limit is 64"},
		"long extension":      {func(e *event.Event) { e.Ext = []event.Extension{{Value: make([]byte, 1<<16+1)}} }, "65537 bytes in an extension"},
		"too large":           {func(e *event.Event) { e.Ops[0].Value = make([]byte, event.MaxEventSize) }, "bytes in one event, the limit is 16777216"},
	} {
		e := valid().Events[2]
		require.NoError(t, e.Validate())
		tc.damage(e)
		err := e.Validate()
		require.ErrorContains(t, err, tc.reason, name)
		var limit *event.LimitError
		var invalid *event.InvalidError
		require.True(t, asEither(err, &invalid, &limit), "%s: %v has no type", name, err)
	}
}

// TestLimitsHoldOnBothSides: what Validate refuses for its size, decoding refuses
// too, and what it accepts at the limit, decoding accepts.
func TestLimitsHoldOnBothSides(t *testing.T) {
	wide := make(event.Head, event.MaxPrecursors)
	for i := range wide {
		wide[i] = event.ID{0x11, 15: byte(i)}
	}
	for name, grow := range map[string]func(e *event.Event, by int){
		"precursors": func(e *event.Event, by int) {
			e.Precursors = wide
			if by > 0 {
				e.Precursors = append(slices.Clone(wide), event.ID{0x12})
			}
		},
		"operations": func(e *event.Event, by int) {
			e.Ops = slices.Repeat([]event.Operation{{Kind: 1}}, event.MaxOps+by)
		},
		"collection": func(e *event.Event, by int) { e.Collection = strings.Repeat("x", event.MaxName+by) },
		"field":      func(e *event.Event, by int) { e.Ops[0].Field = strings.Repeat("x", event.MaxName+by) },
		"path":       func(e *event.Event, by int) { e.Ops[0].Path = strings.Repeat("x", event.MaxPath+by) },
		"extensions": func(e *event.Event, by int) {
			for tag := range uint64(event.MaxExtensions + by) {
				e.Ext = append(e.Ext, event.Extension{Tag: tag})
			}
		},
		"extension": func(e *event.Event, by int) {
			e.Ext = []event.Extension{{Value: make([]byte, event.MaxExtensionSize+by)}}
		},
		"size": func(e *event.Event, by int) {
			e.Ops[0].Value = make([]byte, 1<<20)
			e.Ops[0].Value = make([]byte, event.MaxEventSize+1-e.Size()+1<<20-1+by)
		},
	} {
		for by, ok := range []bool{true, false} {
			e := valid().Events[2]
			grow(e, by)
			_, err := event.DecodeEvent(e.AppendTo(nil))
			if ok {
				require.NoError(t, e.Validate(), "%s at the limit", name)
				require.NoError(t, err, "%s at the limit", name)
				continue
			}
			require.Error(t, e.Validate(), "%s beyond the limit", name)
			require.Error(t, err, "%s beyond the limit", name)
		}
	}
}

func TestValidateEntry(t *testing.T) {
	entry := func() *event.Entry {
		id := event.ID{0x30}
		return &event.Entry{
			Origin: event.Origin{1}, Seq: 2, Prev: event.Digest{1}, Author: "somebody", Tx: valid(),
			Added: []*event.Event{{ID: id, Entity: id, Collection: "audit"}},
		}
	}
	require.NoError(t, entry().Validate())
	for name, tc := range map[string]struct {
		damage func(e *event.Entry)
		reason string
	}{
		"no transaction":      {func(e *event.Entry) { e.Tx = nil }, "no transaction"},
		"no origin":           {func(e *event.Entry) { e.Origin = event.Origin{} }, "no origin"},
		"no seq":              {func(e *event.Entry) { e.Seq = 0 }, "seq 0"},
		"second without prev": {func(e *event.Entry) { e.Prev = event.Digest{} }, "follows the zero hash"},
		"first with prev":     {func(e *event.Entry) { e.Seq = 1 }, "follows the zero hash"},
		"long author":         {func(e *event.Entry) { e.Author = strings.Repeat("x", 1025) }, "an author of 1025 bytes"},
		"author not UTF-8":    {func(e *event.Entry) { e.Author = "\xff" }, "an author that is not UTF-8"},
		"bad transaction":     {func(e *event.Entry) { e.Tx.Events = nil }, "no events"},
		"nil added event":     {func(e *event.Entry) { e.Added = []*event.Event{nil} }, "added event 0 is nil"},
		"bad added event":     {func(e *event.Entry) { e.Added[0].Collection = "" }, "added to transaction"},
		"added twice":         {func(e *event.Entry) { e.Added = append(e.Added, e.Added[0]) }, "occurs twice"},
		"added as the transaction's own": {func(e *event.Entry) {
			e.Added = []*event.Event{e.Tx.Events[1]}
		}, "carry IDs of the transaction"},
		"unsorted extensions": {func(e *event.Entry) { e.Ext = []event.Extension{{Tag: 2}, {Tag: 1}} }, "not sorted by tag"},
	} {
		e := entry()
		tc.damage(e)
		err := e.Validate()
		require.ErrorIs(t, err, event.ErrInvalid, name)
		require.ErrorContains(t, err, tc.reason, name)
	}
}

// TestAddedID: added events are a transaction, whether they update or create.
func TestAddedID(t *testing.T) {
	tx := event.ID{0x30}
	entity := event.ID{0x11}
	creation := &event.Event{ID: event.ID{0x2f, 15: 1}, Entity: event.ID{0x2f, 15: 1}, Collection: "c"}
	update := &event.Event{ID: tx.Update(1), Entity: entity, Precursors: event.Head{entity}, Collection: "c"}
	e := &event.Entry{Origin: event.Origin{1}, Seq: 1, Tx: valid()}
	require.True(t, e.AddedID().IsZero())
	e.Added = []*event.Event{creation, update}
	require.Equal(t, tx, e.AddedID())
	require.NoError(t, e.Validate())
	e.Added = []*event.Event{creation}
	require.Equal(t, creation.ID.Transaction().Update(1<<20), e.AddedID())
	require.NoError(t, e.Validate())
}

// asEither reports whether err is, or wraps, one of two typed errors.
func asEither(err error, invalid **event.InvalidError, limit **event.LimitError) bool {
	return errors.As(err, invalid) || errors.As(err, limit)
}
