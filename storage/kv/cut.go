package kv

import (
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// cut takes back the ends of logs. Addresses of events are left alone: the batch
// brings new ones for those that led there.
func (c *change) cut(positions []event.Position) error {
	for _, p := range positions {
		found, _ := c.base.cursor.At(p.Origin)
		if found.Seq < p.Seq {
			c.moved(p, found)
			continue
		}
		if found.Seq == 0 {
			continue
		}
		number := c.origin(p.Origin)
		c.writes.DeleteRange(appendLogKey(nil, number, p.Seq+1), appendLogKey(nil, number, found.Seq+1))
		// A log may have been moved without entries: then this is where it ends.
		key := appendMetaNumber(nil, metaPosition, number)
		if c.cursor = c.cursor.Without(p.Origin); p.Seq == 0 {
			c.writes.Delete(key)
		} else {
			c.cursor = c.cursor.With(p)
			c.writes.Set(key, codec.AppendUint64(codec.AppendUvarint(nil, p.Seq), p.Short))
		}
		if err := c.cutHead(number, p); err != nil {
			return err
		}
	}
	return nil
}

// cutHead removes a signed head that lies beyond where its log ends now.
func (c *change) cutHead(number uint64, p event.Position) error {
	key := appendMetaNumber(nil, metaSignedHead, number)
	b, ok, err := c.get(key)
	if err != nil || !ok {
		return err
	}
	head, err := event.DecodeSignedHead(b)
	if err != nil {
		return &storage.CorruptError{What: fmt.Sprintf("signed head of log %s", p.Origin.Short()), Key: key, Err: err}
	}
	if head.Seq > p.Seq {
		c.writes.Delete(key)
	}
	return nil
}
