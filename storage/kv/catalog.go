package kv

import (
	"maps"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// catalog knows the small numbers that stand for origins, collections and
// indexes in keys. Numbers are given out from 1 and never mean anything else
// while something is stored under them.
//
// A catalog is immutable: each view of the store has the one that fits it, and
// changes make a copy, which is rare.
type catalog struct {
	origins     []event.Origin // by number - 1
	numbers     map[event.Origin]uint64
	collections map[string]*collection
	lastIndex   uint64
	version     []byte // of a shared store
}

// collection is what the catalog knows of one collection. Immutable.
type collection struct {
	name   string
	number uint64
	mirror *mirror // one for all versions of the collection

	// stored lists the collection's indexes in the store.
	stored []storedIndex
	// strange: there is an index that is good so far, and that the schema does not declare.
	// Only another process can have made it.
	strange bool
	// schema is nil until the collection is registered in this run.
	schema *model.Schema
	// indexes are the schema's indexes by position.
	indexes []index
}

// storedIndex is an index as the meta table describes it.
type storedIndex struct {
	number uint64
	key    string // indexKey
	state  indexState
	// through is the last entity that an index being built has dealt with.
	through event.ID
}

// indexState tells what an index holds; build.go explains. The numbers are
// stored.
type indexState byte

const (
	indexOutdated indexState = 0 // entries may be missing or wrong, and nobody maintains them
	indexReady    indexState = 1
	indexBuilding indexState = 2 // complete for entities up to through
)

// index is an index of a registered schema.
type index struct {
	storedIndex        // never outdated
	position    int    // in the schema
	prefix      []byte // of its keys
	covering    bool
	fullText    bool
	twin        bool // an index before it in the schema has the same key, and the same entries
}

// building reports whether there is something to be built.
func (x storedIndex) building() bool { return x.state == indexBuilding }

func newCatalog() *catalog {
	return &catalog{numbers: make(map[event.Origin]uint64), collections: make(map[string]*collection)}
}

// clone returns a copy to be changed. Collections are shared: they are replaced,
// not changed.
func (c *catalog) clone() *catalog {
	return &catalog{
		origins:     slices.Clone(c.origins),
		numbers:     maps.Clone(c.numbers),
		collections: maps.Clone(c.collections),
		lastIndex:   c.lastIndex,
		version:     c.version,
	}
}

func (c *catalog) addOrigin(o event.Origin) uint64 {
	c.origins = append(c.origins, o)
	n := uint64(len(c.origins))
	c.numbers[o] = n
	return n
}

func (c *catalog) addCollection(name string, m *mirror) *collection {
	col := &collection{name: name, number: uint64(len(c.collections)) + 1, mirror: m}
	c.collections[name] = col
	return col
}

// origin returns the origin with a number.
func (c *catalog) origin(number uint64) (event.Origin, bool) {
	if number == 0 || number > uint64(len(c.origins)) {
		return event.Origin{}, false
	}
	return c.origins[number-1], true
}

// unattended reports whether the collection has indexes that are good so far and
// that nobody maintains, because its schema is not registered in this run.
func (c *collection) unattended() bool {
	return c.strange || c.schema == nil && slices.ContainsFunc(c.stored, func(x storedIndex) bool { return x.state != indexOutdated })
}

// appendIndexDefinition encodes what the meta table says about an index.
func appendIndexDefinition(b []byte, collection uint64, x storedIndex) []byte {
	b = codec.AppendUvarint(append(b, byte(x.state)), collection)
	if x.state == indexBuilding {
		b = append(b, x.through[:]...)
	}
	return append(b, x.key...)
}

// loadCatalog reads the catalog from the meta table.
func loadCatalog(r Reader) (*catalog, error) {
	c := newCatalog()
	if err := c.loadOrigins(r); err != nil {
		return nil, err
	}
	byNumber, err := c.loadCollections(r)
	if err != nil {
		return nil, err
	}
	return c, c.loadIndexes(r, byNumber)
}

func (c *catalog) loadOrigins(r Reader) error {
	return scanMeta(r, metaOrigin, "origin", func(key []byte, value *codec.Reader) {
		n := value.Uvarint()
		if len(key) != len(event.Origin{}) {
			value.Fail("an origin that is not 32 bytes long")
			return
		}
		o := event.Origin(key)
		for uint64(len(c.origins)) < n {
			c.origins = append(c.origins, event.Origin{})
		}
		if n == 0 || !c.origins[n-1].IsZero() {
			value.Fail("a number that is taken")
			return
		}
		c.origins[n-1] = o
		c.numbers[o] = n
	})
}

func (c *catalog) loadCollections(r Reader) (map[uint64]*collection, error) {
	byNumber := make(map[uint64]*collection)
	err := scanMeta(r, metaCollection, "collection", func(key []byte, value *codec.Reader) {
		col := &collection{name: string(key), number: value.Uvarint()}
		if byNumber[col.number] != nil {
			value.Fail("a number that is taken")
		}
		c.collections[col.name] = col
		byNumber[col.number] = col
	})
	return byNumber, err
}

func (c *catalog) loadIndexes(r Reader, byNumber map[uint64]*collection) error {
	return scanMeta(r, metaIndex, "index", func(key []byte, value *codec.Reader) {
		var number codec.Reader
		number.Reset(key)
		x := storedIndex{number: number.Uvarint(), state: indexState(value.Byte())}
		col := byNumber[value.Uvarint()]
		if x.state == indexBuilding {
			copy(x.through[:], value.Fixed(idSize))
		}
		x.key = string(value.Rest())
		switch {
		case col == nil:
			value.Fail("a collection that is not known")
			return
		case x.state > indexBuilding:
			value.Fail("a state that is not known")
			return
		}
		col.stored = append(col.stored, x)
		c.lastIndex = max(c.lastIndex, x.number)
	})
}

// scanMeta calls use for every key of a part of the meta table, with what
// follows the prefix, and a reader of the value that use must read whole.
func scanMeta(r Reader, sub byte, what string, use func(key []byte, value *codec.Reader)) error {
	prefix := []byte{tableMeta, sub}
	it := scanPrefix(r, prefix, false)
	for it.Next() {
		var value codec.Reader
		value.Reset(it.Value())
		use(it.Key()[len(prefix):], &value)
		if err := value.Done(); err != nil {
			key := slices.Clone(it.Key())
			it.Close()
			return &storage.CorruptError{What: "catalog entry of an " + what, Key: key, Err: err}
		}
	}
	return it.Close()
}
