package event

import "slices"

// Erase returns a copy of e in which the value of operation op is gone for good
// while the digest is the same: the commitment takes the value's place, and the
// event's salt, from which the erased value's salt could be derived, gives way
// to the explicit salts of the values that remain. An operation without a value
// has nothing to erase, and e itself is returned. Erase panics if op is out of
// range, as indexing Ops does.
func (e *Event) Erase(op int) *Event {
	if !e.Ops[op].carries() {
		return e
	}
	erased := *e
	erased.Salt, erased.OpSalts = Salt{}, nil
	for i := range e.Ops {
		if i == op || !e.Ops[i].carries() {
			continue
		}
		if erased.OpSalts == nil {
			erased.OpSalts = make([]Salt, len(e.Ops))
		}
		erased.OpSalts[i] = e.opSalt(i)
	}
	erased.Ops = slices.Clone(e.Ops)
	erased.Ops[op].Value = nil
	erased.Ops[op].Erased = &Erasure{Commitment: commit(e.opSalt(op), e.Ops[op].Value)}
	return &erased
}
