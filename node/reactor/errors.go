package reactor

import "errors"

// ErrClosed ends a subscription that was closed.
var ErrClosed = errors.New("reactor: subscription is closed")

// ErrReread is returned by Filling.Fill: the rows given were not enough for the window after what was
// published meanwhile. The caller reads again, at a newer snapshot, and calls Fill again.
var ErrReread = errors.New("reactor: rows must be read again at a newer snapshot")

// SchemaError says that a query was checked against another schema than those of the same collection
// that stand already.
type SchemaError struct{ Collection string }

func (e *SchemaError) Error() string {
	return "reactor: collection " + e.Collection + " stands with another schema"
}
