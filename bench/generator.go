package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ankgo/ank/bench/models"
)

// mulberry32 is the random generator of the workloads, small enough to be the
// same in every language.
type mulberry32 uint32

// next returns 32 random bits.
func (m *mulberry32) next() uint32 {
	*m += 0x6D2B79F5
	a := uint32(*m)
	t := (a ^ a>>15) * (a | 1)
	t ^= t + (t^t>>7)*(t|61)
	return t ^ t>>14
}

// below returns a number from 0 to n-1.
func (m *mulberry32) below(n int) int { return int(uint64(m.next()) * uint64(n) >> 32) }

// The seeds, and the ranges that values are drawn from.
const (
	entitySeed = 42
	updateSeed = 7
	querySeed  = 11

	owners   = 1000
	statuses = 10
	scores   = 100_000
)

// item is what the peers store: an item under a key of nine characters. Ank
// has its own ID in place of the key.
type item struct {
	key string
	models.Item
}

// entities makes the first n entities. Each draws owner, status, score, and the
// words of its title and its note, in this order. There are wide times as many
// owners and scores as usual.
func entities(n, wide int) []item {
	rng := mulberry32(entitySeed)
	list := make([]item, n)
	for i := range list {
		list[i] = item{fmt.Sprintf("e%08d", i), models.Item{
			Owner:  ownerName(rng.below(wide * owners)),
			Status: statusName(rng.below(statuses)),
			Score:  rng.below(wide * scores),
			Title:  words(&rng, 4),
			Note:   words(&rng, 5)[:26],
		}}
	}
	return list
}

func ownerName(n int) string  { return fmt.Sprintf("u-%d", n) }
func statusName(n int) string { return fmt.Sprintf("s-%d", n) }

// words returns n words of five letters and one more letter.
func words(rng *mulberry32, n int) string {
	var b strings.Builder
	for range n {
		bits := rng.next()
		for range 5 {
			b.WriteByte('a' + byte(bits%26))
			bits /= 26
		}
		b.WriteByte(' ')
	}
	return strings.TrimSuffix(b.String(), " ") + "."
}

// update is one write of a score to a random entity.
type update struct{ entity, score int }

// updates makes n updates of m entities.
func updates(n, m int) []update {
	rng := mulberry32(updateSeed)
	list := make([]update, n)
	for i := range list {
		list[i] = update{rng.below(m), rng.below(scores)}
	}
	return list
}

// appendEntity appends the compact binary form of an entity, in which the raw
// store and NATS keep it: strings with their lengths before them, and the score.
func appendEntity(b []byte, key string, it *models.Item) []byte {
	for _, s := range [...]string{key, it.Title, it.Owner, it.Status} {
		b = append(b, byte(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendUvarint(b, uint64(it.Score))
	b = append(b, byte(len(it.Note)))
	return append(b, it.Note...)
}

// decodeEntity is the inverse of appendEntity. It copies.
func decodeEntity(b []byte) (key string, it models.Item) {
	text := func() string {
		n := int(b[0])
		s := string(b[1 : 1+n])
		b = b[1+n:]
		return s
	}
	key, it.Title, it.Owner, it.Status = text(), text(), text(), text()
	score, n := binary.Uvarint(b)
	it.Score, b = int(score), b[n:]
	it.Note = text()
	return key, it
}

// peek finds what the queries ask for in an encoded entity, and copies nothing.
func peek(b []byte) (owner, status []byte, score int) {
	b = b[1+int(b[0]):] // key
	b = b[1+int(b[0]):] // title
	owner, b = b[1:1+int(b[0])], b[1+int(b[0]):]
	status, b = b[1:1+int(b[0])], b[1+int(b[0]):]
	n, _ := binary.Uvarint(b)
	return owner, status, int(n)
}
