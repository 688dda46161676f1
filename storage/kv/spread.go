package kv

import "bytes"

// A store that is spread over machines keeps neighbouring keys together, and IDs
// grow with time: all that is new would go to the machine that has the end. What
// follows tells a driver which keys belong to one entity, so that it can keep
// entities apart and an entity together. All else that a driver must keep is the
// order of keys as its iterators show it.

// EntityOf returns the ID of the entity that a key belongs to, which is a part of the
// key, or nil if it belongs to none: keys of records and of events have one.
func EntityOf(key []byte) []byte {
	at := 0
	switch {
	case len(key) == 0:
		return nil
	case key[0] == tableEvents:
		at = 1
	case key[0] == tableStates:
		at = 1 + uvarintLen(key[1:])
	default:
		return nil
	}
	if len(key) < at+idSize {
		return nil
	}
	return key[at : at+idSize]
}

// uvarintLen is the length of the number that b begins with, at most len(b).
func uvarintLen(b []byte) int {
	for i, c := range b {
		if c < 0x80 {
			return i + 1
		}
	}
	return len(b)
}

// EntityRange returns the ID of the entity that all keys k with lo <= k < hi belong
// to, or nil if there may be several, or others.
func EntityRange(lo, hi []byte) []byte {
	entity := EntityOf(lo)
	if entity == nil || len(hi) == 0 {
		return nil
	}
	prefix := lo[:1+idSize]
	if lo[0] == tableStates {
		prefix = lo[:1+uvarintLen(lo[1:])+idSize]
	}
	if end := successor(nil, prefix); len(end) == 0 || bytes.Compare(hi, end) > 0 {
		return nil
	}
	return entity
}

// EntityTables reports whether keys k with lo <= k < hi may belong to entities, and
// whether they may belong to none.
func EntityTables(lo, hi []byte) (some, others bool) {
	within := func(table byte) bool {
		return bytes.Compare(lo, []byte{table}) >= 0 && len(hi) > 0 && bytes.Compare(hi, []byte{table + 1}) <= 0
	}
	touches := func(table byte) bool {
		return bytes.Compare(lo, []byte{table + 1}) < 0 && (len(hi) == 0 || bytes.Compare(hi, []byte{table}) > 0)
	}
	some = touches(tableEvents) || touches(tableStates)
	return some, !within(tableEvents) && !within(tableStates)
}
