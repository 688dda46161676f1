package node

import (
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// A receipt may come before the live queries are told what it tells of: a change that is
// large waits for credit, and one that leaves rows out for the reason why. What was shown as
// pending would not be so any more, and not be in the result yet: the row would be for a moment
// what it was before. So what the peer has told with the receipt is shown until the result is
// as new.

// ahead is an entity as it was told with a receipt.
type ahead struct {
	record *storage.Record
	at     event.Position // in the logs, what made it so
}

// foresee takes in what the peer told with a receipt, if it keeps the result but has not
// told of it yet. It needs the keeper's token.
func (l *remote) foresee(records []*storage.Record, at event.Position) {
	if l.State().Phase != entity.Complete || l.groups != nil || l.isClosed() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		if r.Collection != l.schema.Collection() {
			continue
		}
		if l.ahead == nil {
			l.ahead = make(map[event.ID]ahead)
		}
		l.ahead[r.Row.ID] = ahead{r, at}
	}
}

// reach forgets what the result is as new as, and returns it. It needs mu and the keeper's token.
func (l *remote) reach(c event.Cursor) (ids []event.ID) {
	for id, a := range l.ahead {
		if c.CoversPosition(a.at.Origin, a.at.Seq) {
			delete(l.ahead, id)
			ids = append(ids, id)
		}
	}
	return ids
}

// outrun returns what the result was not as new as when the connection was lost. It is part
// of what is held from then on. It needs the keeper's token.
func (l *remote) outrun() (records []*storage.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.ahead {
		records = append(records, a.record)
	}
	l.ahead = nil
	return records
}
