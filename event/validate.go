package event

import "fmt"

// Validate checks the event's structure, without looking at other events: the
// limits, the texts, C1 against its precursors and its entity, and that the head
// it names could be one. It returns an *[InvalidError] or a *[LimitError].
func (e *Event) Validate() error {
	if err := e.checkIdentity(); err != nil {
		return err
	}
	if err := e.checkOps(); err != nil {
		return err
	}
	if err := checkExtensions("event", e.ID, e.Ext); err != nil {
		return err
	}
	if n := e.bodySize(); n > MaxEventSize {
		return e.limit("bytes in one event", MaxEventSize, n)
	}
	return nil
}

func (e *Event) invalid(format string, args ...any) error {
	return &InvalidError{What: "event", ID: e.ID, Reason: fmt.Sprintf(format, args...)}
}

func (e *Event) limit(what string, limit, got int) error {
	return &LimitError{Of: "event " + e.ID.String(), What: what, Limit: limit, Got: got}
}

func (e *Event) checkIdentity() error {
	if e.ID.IsZero() || e.Entity.IsZero() {
		return e.invalid("no ID, or no entity")
	}
	if err := checkName(e.Collection, "collection"); err != "" {
		return e.invalid("%s", err)
	}
	if e.Collection == "" {
		return e.invalid("no collection")
	}
	if e.IsCreation() {
		if e.ID != e.Entity {
			return e.invalid("it has no precursors, but entity %v is not created by it", e.Entity)
		}
		return nil
	}
	return e.checkPrecursors()
}

func (e *Event) checkPrecursors() error {
	if n := len(e.Precursors); n > MaxPrecursors {
		return e.limit("precursors", MaxPrecursors, n)
	}
	if !e.Precursors.sorted() {
		return e.invalid("its precursors are not sorted and distinct")
	}
	if !e.Precursors.Max().Less(e.ID.Transaction()) {
		return e.invalid("its precursor %v is not older than its transaction", e.Precursors.Max())
	}
	switch first := e.Precursors[0]; {
	case first.Less(e.Entity):
		return e.invalid("its precursor %v is older than its entity %v", first, e.Entity)
	case first == e.Entity && len(e.Precursors) > 1:
		return e.invalid("its precursors are no head: all others descend from the creation event")
	}
	if n := e.ID.offset(); n == 0 || n > MaxTransactionEvents {
		return e.invalid("its ID is not one of a transaction's update events")
	}
	return nil
}

// sorted reports whether the IDs ascend.
func (h Head) sorted() bool {
	for i := 1; i < len(h); i++ {
		if !h[i-1].Less(h[i]) {
			return false
		}
	}
	return true
}

func (e *Event) checkOps() error {
	if n := len(e.Ops); n > MaxOps {
		return e.limit("operations", MaxOps, n)
	}
	erased := false
	for i := range e.Ops {
		if reason := e.checkOp(&e.Ops[i]); reason != "" {
			return e.invalid("operation %d: %s", i, reason)
		}
		erased = erased || e.Ops[i].Erased != nil
	}
	explicit := erased && e.carriesAny()
	if explicit && len(e.OpSalts) != len(e.Ops) {
		return e.invalid("a value was erased, but the others have no salts of their own")
	}
	if !explicit && e.OpSalts != nil {
		return e.invalid("explicit salts that no value needs")
	}
	return nil
}

func (e *Event) carriesAny() bool {
	for i := range e.Ops {
		if e.Ops[i].carries() {
			return true
		}
	}
	return false
}

func (e *Event) checkOp(op *Operation) string {
	if reason := checkName(op.Field, "field"); reason != "" {
		return reason
	}
	switch {
	case op.Kind == 0:
		return "no kind"
	case len(op.Path) > MaxPath:
		return fmt.Sprintf("a path of %d bytes, at most %d", len(op.Path), MaxPath)
	case !validText(op.Path):
		return "a path that is not UTF-8, or holds U+0000"
	case op.Erased != nil && len(op.Value) > 0:
		return "a value that is erased and still there"
	case len(op.FieldHead) > MaxPrecursors:
		return fmt.Sprintf("a field head of %d events, at most %d", len(op.FieldHead), MaxPrecursors)
	case !op.FieldHead.sorted():
		return "a field head that is not sorted and distinct"
	case len(op.FieldHead) > 0 && (op.FieldHead[0].Less(e.Entity) || !op.FieldHead.Max().Less(e.ID)):
		return "a field head that is not between the entity's creation and the event"
	}
	return ""
}

func checkName(name, what string) string {
	if len(name) > MaxName {
		return fmt.Sprintf("a %s name of %d bytes, at most %d", what, len(name), MaxName)
	}
	if !validText(name) {
		return fmt.Sprintf("a %s name that is not UTF-8, or holds U+0000", what)
	}
	return ""
}

func checkExtensions(what string, id ID, ext []Extension) error {
	if len(ext) == 0 {
		return nil
	}
	of := what + " " + id.String()
	if n := len(ext); n > MaxExtensions {
		return &LimitError{Of: of, What: "extensions", Limit: MaxExtensions, Got: n}
	}
	for i := range ext {
		if n := len(ext[i].Value); n > MaxExtensionSize {
			return &LimitError{Of: of, What: "bytes in an extension", Limit: MaxExtensionSize, Got: n}
		}
		if i > 0 && ext[i].Tag <= ext[i-1].Tag {
			return &InvalidError{What: what, ID: id, Reason: "extensions that are not sorted by tag"}
		}
	}
	return nil
}

// Validate checks the transaction's structure and that of its events, without
// looking at other transactions. Its ID is above all precursors of all its
// events and above all creation events in it, and its update events are ID+1,
// ID+2, ... in order. No entity has two events. It returns an *[InvalidError] or a
// *[LimitError].
func (t *Transaction) Validate() error {
	if t.ID.IsZero() || t.ID.offset() != 0 {
		return t.invalid("its ID is not a transaction's: the low 20 bits are not zero")
	}
	if len(t.Events) == 0 {
		return t.invalid("no events")
	}
	if err := t.checkEvents(); err != nil {
		return err
	}
	if err := checkExtensions("transaction", t.ID, t.Ext); err != nil {
		return err
	}
	if n := t.bodySize(); n > MaxTransactionSize {
		return t.limit("bytes in one transaction", MaxTransactionSize, n)
	}
	return nil
}

func (t *Transaction) invalid(format string, args ...any) error {
	return &InvalidError{What: "transaction", ID: t.ID, Reason: fmt.Sprintf(format, args...)}
}

func (t *Transaction) limit(what string, limit, got int) error {
	return &LimitError{Of: "transaction " + t.ID.String(), What: what, Limit: limit, Got: got}
}

func (t *Transaction) checkEvents() error {
	if n := len(t.Events); n > MaxTransactionEvents {
		return t.limit("events", MaxTransactionEvents, n)
	}
	var last ID
	updates, ops := 0, 0
	for i, e := range t.Events {
		if e == nil {
			return t.invalid("event %d is nil", i)
		}
		if err := e.Validate(); err != nil {
			return err
		}
		if err := t.checkPlace(e, last, &updates); err != nil {
			return err
		}
		last = e.ID
		ops += len(e.Ops) + len(e.Ext)
	}
	if ops > MaxTransactionOps {
		return t.limit("operations and extensions", MaxTransactionOps, ops)
	}
	return t.checkEntities()
}

// checkPlace checks the ID of an event that follows the event last.
func (t *Transaction) checkPlace(e *Event, last ID, updates *int) error {
	if e.IsCreation() {
		if !e.ID.Less(t.ID) {
			return t.invalid("it is not above the creation event %v", e.ID)
		}
		if !last.Less(e.ID) {
			return t.invalid("event %v is not in ID order, or occurs twice", e.ID)
		}
		return nil
	}
	*updates++
	if e.ID != t.ID.Update(*updates) {
		return t.invalid("update event %d has ID %v, want %v", *updates, e.ID, t.ID.Update(*updates))
	}
	return nil
}

// checkEntities checks that no entity has two events.
func (t *Transaction) checkEntities() error {
	if len(t.Events) < 2 {
		return nil
	}
	seen := make(map[ID]struct{}, len(t.Events))
	for _, e := range t.Events {
		if _, twice := seen[e.Entity]; twice {
			return t.invalid("entity %v has two events", e.Entity)
		}
		seen[e.Entity] = struct{}{}
	}
	return nil
}

// Validate checks the entry's structure, its transaction, and the added events
// as a transaction of their own. That it fits into its log, a [LogVerifier]
// tells. It returns an *[InvalidError] or a *[LimitError].
func (e *Entry) Validate() error {
	if e.Tx == nil {
		return &InvalidError{What: "entry", Reason: "no transaction"}
	}
	if err := e.checkAddress(); err != "" {
		return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: err}
	}
	if err := e.Tx.Validate(); err != nil {
		return err
	}
	if err := checkExtensions("entry", e.Tx.ID, e.Ext); err != nil {
		return err
	}
	return e.checkAdded()
}

func (e *Entry) checkAddress() string {
	switch {
	case e.Origin.IsZero():
		return "no origin"
	case e.Seq == 0:
		return "seq 0; the first entry is 1"
	case (e.Seq == 1) != e.Prev.IsZero():
		return "the first entry, and no other, follows the zero hash"
	case len(e.Author) > MaxAuthor:
		return fmt.Sprintf("an author of %d bytes, at most %d", len(e.Author), MaxAuthor)
	case !validText(e.Author):
		return "an author that is not UTF-8, or holds U+0000"
	}
	return ""
}

func (e *Entry) checkAdded() error {
	if len(e.Added) == 0 {
		return nil
	}
	for i, added := range e.Added {
		if added == nil {
			return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: fmt.Sprintf("added event %d is nil", i)}
		}
	}
	added := Transaction{ID: e.AddedID(), Events: e.Added}
	if err := added.Validate(); err != nil {
		return fmt.Errorf("added to transaction %v: %w", e.Tx.ID, err)
	}
	if added.ID == e.Tx.ID {
		return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: "added events that carry IDs of the transaction"}
	}
	return nil
}
