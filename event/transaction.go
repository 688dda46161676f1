package event

// A Transaction is the unit of acceptance: events that are committed together,
// all or none. Its events are sorted by ID: first the creation events, whose
// IDs were minted earlier, then the update events ID+1, ID+2, ... Transactions
// are immutable once shared.
type Transaction struct {
	ID     ID
	Events []*Event
	Ext    []Extension
}
