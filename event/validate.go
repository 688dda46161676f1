package event

import "fmt"

// Validate checks the event's structure, without looking at other events: the
// limits, the texts, C1 against its precursors and its entity, and that the head
// it names could be one. It returns an *[InvalidError] or a *[LimitError].
func (e *Event) Validate() error {
	_, err := e.validate()
	return err
}

// validate also returns the size of the event's body.
func (e *Event) validate() (size int, err error) {
	if err := e.checkIdentity(); err != nil {
		return 0, err
	}
	if err := e.checkOps(); err != nil {
		return 0, err
	}
	if err := checkExtensions("event", e.ID, e.Ext); err != nil {
		return 0, err
	}
	if size = e.bodySize(); size > MaxEventSize {
		return size, e.limit("bytes in one event", MaxEventSize, size)
	}
	return size, nil
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
