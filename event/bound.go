package event

import (
	"slices"
	"sort"
)

// maxAhead is how many spans a bound remembers of IDs that do not bind yet.
const maxAhead = 64

// A bound is what some IDs demand of the next one. Those near the clock bind: only
// the greatest of them matters. The others lie ahead, and each binds once the clock
// has come near it.
type bound struct {
	last  ID     // the greatest ID that binds
	ahead []span // sorted
}

// A span stands for IDs ahead, and binds when the clock comes near its last one. It
// is one time, of which only the greatest ID matters. Several close ones become
// one when there are too many: what lies in it then binds a little too late.
type span struct {
	from int64 // milliseconds of the first ID
	last ID
}

// settle lets those IDs bind that are at most limit, in milliseconds.
func (b *bound) settle(limit int64) {
	for len(b.ahead) > 0 && b.ahead[0].last.millis() <= limit {
		b.last, b.ahead = larger(b.last, b.ahead[0].last), b.ahead[1:]
	}
}

// loosen is settle for a limit that may have moved back.
func (b *bound) loosen(limit int64) {
	if b.last.millis() > limit {
		b.later(b.last)
		b.last = ID{}
	}
	b.settle(limit)
}

// later notes an ID that does not bind yet.
func (b *bound) later(id ID) {
	ms := id.millis()
	i := sort.Search(len(b.ahead), func(i int) bool { return b.ahead[i].last.millis() >= ms })
	if i < len(b.ahead) && b.ahead[i].from <= ms {
		b.ahead[i].last = larger(b.ahead[i].last, id)
		return
	}
	b.ahead = slices.Insert(b.ahead, i, span{ms, id})
	if len(b.ahead) > maxAhead {
		b.join()
	}
}

// join makes one span of the two neighbours that make the shortest.
func (b *bound) join() {
	best := 1
	length := func(i int) int64 { return b.ahead[i].last.millis() - b.ahead[i-1].from }
	for i := 2; i < len(b.ahead); i++ {
		if length(i) < length(best) {
			best = i
		}
	}
	b.ahead[best].from = b.ahead[best-1].from
	b.ahead = slices.Delete(b.ahead, best-1, best)
}

func larger(a, b ID) ID {
	if a.Less(b) {
		return b
	}
	return a
}
