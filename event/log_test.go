package event_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// logOf returns a log of n entries, each of one event, that starts as every other
// log of the same seed does.
func logOf(t *testing.T, seed uint64, n int) *eventtest.Log {
	t.Helper()
	h := eventtest.New(t, "")
	l := eventtest.NewLog(t, seed)
	for i := range n {
		label := string(rune('A' + i))
		e := h.Add(label)
		e.Ops = []event.Operation{{Field: "name", Kind: event.OpSet, Value: []byte(label)}}
		l.Append(h.Transaction(label))
	}
	return l
}

// tampered returns a copy of an entry whose first value is another one.
func tampered(e *event.Entry) *event.Entry {
	copied, err := event.DecodeEntry(e.AppendTo(nil))
	if err != nil {
		panic(err)
	}
	copied.Tx.Events[0].Ops[0].Value = []byte("forged")
	return copied
}

// fork returns what the same origin would log if entry seq had been another one.
func fork(l *eventtest.Log, seq int) *eventtest.Log {
	f := &eventtest.Log{Key: l.Key, Author: "another one", Entries: slices.Clone(l.Entries[:seq-1])}
	for _, e := range l.Entries[seq-1:] {
		f.Append(e.Tx)
	}
	return f
}

// feed gives a verifier entries and, for each seq in heads, the head of signer
// there, as soon as the entry has come.
func feed(v *event.LogVerifier, entries []*event.Entry, signer *eventtest.Log, heads ...int) error {
	for _, e := range entries {
		if err := v.Entry(e); err != nil {
			return err
		}
		if slices.Contains(heads, int(e.Seq)) {
			if err := v.Head(signer.Head(int(e.Seq))); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestGoodLogs(t *testing.T) {
	l := logOf(t, 1, 6)
	v := event.NewLogVerifier(l.Key.Public(), event.Position{})
	require.NoError(t, v.Head(l.Head(0)), "an empty log")
	require.NoError(t, feed(v, l.Entries, l, 2, 3))
	require.Equal(t, l.Entries[2].Position(), v.Verified())
	require.NoError(t, v.Head(l.Head(5)), "a head that comes late")
	require.NoError(t, v.Head(l.Head(2)), "an old head")
	require.NoError(t, v.Head(l.Head(6)))
	require.NoError(t, v.Head(l.Head(6)), "the same head again")
	require.Equal(t, l.Head(6).Position(), v.Verified())

	v = event.NewLogVerifier(l.Key.Public(), l.Entries[3].Position())
	require.NoError(t, feed(v, l.Entries[4:], l, 6), "from a cursor's position")
}

// TestDamagedLogs names the first bad entry for every kind of damage.
func TestDamagedLogs(t *testing.T) {
	l := logOf(t, 1, 6)
	other := logOf(t, 2, 6)
	f := fork(l, 4)
	closedAt4 := event.SignHead(l.Key, 4, l.Entries[3].Hash(), true)
	forged := l.Head(4)
	forged.Hash = event.Digest{1}
	stolen := l.Head(4)
	stolen.Signature = other.Head(4).Signature
	begin := event.Position{}
	replace := func(seq int, e *event.Entry) []*event.Entry {
		damaged := slices.Clone(l.Entries)
		damaged[seq-1] = e
		return damaged
	}
	prevChanged := *l.Entries[3]
	prevChanged.Prev = event.Digest{7}

	for name, tc := range map[string]struct {
		from event.Position
		run  func(v *event.LogVerifier) error
		want event.LogError
	}{
		"value of entry 3 changed": {begin, func(v *event.LogVerifier) error {
			return feed(v, replace(3, tampered(l.Entries[2])), l, 2, 6)
		}, event.LogError{Seq: 3, Problem: event.Tampered, Verified: 2}},
		"value of the last entry changed": {begin, func(v *event.LogVerifier) error {
			return feed(v, replace(6, tampered(l.Entries[5])), l, 5, 6)
		}, event.LogError{Seq: 6, Problem: event.Tampered, Verified: 5}},
		"chain changed from entry 4 on": {begin, func(v *event.LogVerifier) error {
			return feed(v, f.Entries, l, 2, 6)
		}, event.LogError{Seq: 6, Problem: event.Tampered, Verified: 2}},
		"entry 4 names another entry before it": {begin, func(v *event.LogVerifier) error {
			return feed(v, replace(4, &prevChanged), l, 3, 6)
		}, event.LogError{Seq: 4, Problem: event.Forked, Verified: 3}},
		"entry 5 of another history, after a signed head": {begin, func(v *event.LogVerifier) error {
			return feed(v, append(slices.Clone(l.Entries[:4]), f.Entries[4:]...), l, 4, 6)
		}, event.LogError{Seq: 5, Problem: event.Forked, Verified: 4}},
		"entry 5 of another history, after a position": {l.Entries[3].Position(), func(v *event.LogVerifier) error {
			return feed(v, f.Entries[4:], f, 6)
		}, event.LogError{Seq: 5, Problem: event.Forked, Verified: 4}},
		"two signed heads at one seq": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries, l, 4); err != nil {
				return err
			}
			return v.Head(f.Head(4))
		}, event.LogError{Seq: 4, Problem: event.Forked, Verified: 4}},
		"a signed head against a position": {l.Entries[3].Position(), func(v *event.LogVerifier) error {
			return v.Head(f.Head(4))
		}, event.LogError{Seq: 4, Problem: event.Forked, Verified: 4}},
		"entries after the log was closed": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries[:4], l); err != nil {
				return err
			}
			if err := v.Head(closedAt4); err != nil {
				return err
			}
			return v.Entry(l.Entries[4])
		}, event.LogError{Seq: 5, Problem: event.Forked, Verified: 4}},
		"closed before entries that came": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries, l); err != nil {
				return err
			}
			return v.Head(closedAt4)
		}, event.LogError{Seq: 5, Problem: event.Forked, Verified: 0}},
		"closed before entries that were vouched for": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries, l, 6); err != nil {
				return err
			}
			return v.Head(closedAt4)
		}, event.LogError{Seq: 5, Problem: event.Forked, Verified: 6}},
		"entry 3 missing": {begin, func(v *event.LogVerifier) error {
			return feed(v, slices.Delete(slices.Clone(l.Entries), 2, 3), l, 2)
		}, event.LogError{Seq: 3, Problem: event.Gapped, Verified: 2}},
		"entry 2 twice": {begin, func(v *event.LogVerifier) error {
			return feed(v, slices.Insert(slices.Clone(l.Entries), 2, l.Entries[1]), l)
		}, event.LogError{Seq: 3, Problem: event.Gapped, Verified: 0}},
		"first entries missing": {begin, func(v *event.LogVerifier) error {
			return feed(v, l.Entries[2:], l)
		}, event.LogError{Seq: 1, Problem: event.Gapped, Verified: 0}},
		"end missing": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries[:4], l, 3); err != nil {
				return err
			}
			return v.Head(l.Head(6))
		}, event.LogError{Seq: 5, Problem: event.Gapped, Verified: 3}},
		"entry of another log": {begin, func(v *event.LogVerifier) error {
			return feed(v, replace(3, other.Entries[2]), l)
		}, event.LogError{Seq: 3, Problem: event.Tampered, Verified: 0}},
		"forged head": {begin, func(v *event.LogVerifier) error {
			if err := feed(v, l.Entries, l, 3); err != nil {
				return err
			}
			return v.Head(forged)
		}, event.LogError{Seq: 4, Problem: event.BadSignature, Verified: 3}},
		"head with another's signature": {begin, func(v *event.LogVerifier) error {
			return v.Head(stolen)
		}, event.LogError{Seq: 4, Problem: event.BadSignature, Verified: 0}},
		"head of another log": {begin, func(v *event.LogVerifier) error {
			return v.Head(other.Head(4))
		}, event.LogError{Seq: 4, Problem: event.BadSignature, Verified: 0}},
	} {
		v := event.NewLogVerifier(l.Key.Public(), tc.from)
		err := tc.run(v)
		var got *event.LogError
		require.ErrorAs(t, err, &got, name)
		tc.want.Origin = l.Key.Public()
		require.Equal(t, tc.want, *got, name)
		require.Equal(t, err, v.Entry(l.Entries[0]), "%s: the error stays", name)
		require.Equal(t, err, v.Head(l.Head(1)), "%s: the error stays", name)
	}
}

// TestErasureKeepsTheChain: a log verifies after values in it were erased.
func TestErasureKeepsTheChain(t *testing.T) {
	l := logOf(t, 1, 4)
	head := l.Head(4)
	for _, e := range l.Entries[:3] {
		e.Tx = &event.Transaction{ID: e.Tx.ID, Events: []*event.Event{e.Tx.Events[0].Erase(0)}}
	}
	v := event.NewLogVerifier(l.Key.Public(), event.Position{})
	require.NoError(t, feed(v, l.Entries, l))
	require.NoError(t, v.Head(head))
}

func TestVerifierIsBounded(t *testing.T) {
	h := eventtest.New(t, "A")
	l := eventtest.NewLog(t, 1)
	v := event.NewLogVerifier(l.Key.Public(), event.Position{})
	tx := h.Transaction("A")
	for range event.MaxPendingEntries {
		require.NoError(t, v.Entry(l.Append(tx)))
	}
	var limit *event.LimitError
	require.ErrorAs(t, v.Entry(l.Append(tx)), &limit)
}

func TestLogErrorReads(t *testing.T) {
	for problem, want := range map[event.LogProblem]string{
		event.Tampered: "entry 3 is tampered with", event.Forked: "entry 3 is forked",
		event.Gapped: "entry 3 is missing", event.BadSignature: "entry 3 is badly signed",
	} {
		err := &event.LogError{Seq: 3, Problem: problem, Verified: 2}
		require.ErrorContains(t, err, want+" (verified up to 2)")
	}
}
