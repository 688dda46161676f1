package entity

import (
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// CheckEvent checks what [event.Event.Validate] cannot: that values are values.
// With a schema it also checks that known fields get values of their type; nil
// stands for a collection without one. Unknown fields and kinds of operations
// pass. An acceptor calls it for what it is to accept; the error is a
// *[model.ValueError] in the context of its event.
func CheckEvent(s *model.Schema, e *event.Event) error {
	for i := range e.Ops {
		if err := checkOp(s, &e.Ops[i]); err != nil {
			return fmt.Errorf("entity: event %v of %s %v: %w", e.ID, e.Collection, e.Entity, err)
		}
	}
	return nil
}

func checkOp(s *model.Schema, op *event.Operation) error {
	switch op.Kind {
	case event.OpSet:
		return checkSet(s, op)
	case event.OpDelete, event.OpUndelete:
		if op.Field != "" || op.Path != "" || len(op.Value) > 0 || op.Erased != nil {
			return &model.ValueError{Field: op.Field, Reason: "deleting and undeleting concern the whole entity and have no value"}
		}
	}
	return nil
}

func checkSet(s *model.Schema, op *event.Operation) error {
	if op.Field == "" {
		return &model.ValueError{Reason: "a value is set without a field"}
	}
	if op.Erased != nil {
		return nil
	}
	v, err := model.DecodeValue(op.Value)
	if err == nil {
		err = v.Validate()
	}
	if err != nil {
		return &model.ValueError{Field: op.Field, Reason: err.Error()}
	}
	if s == nil || op.Path != "" || v.IsNull() {
		return nil
	}
	if column, ok := s.Field(s.Current(op.Field)); ok && column >= 0 {
		return s.Fields()[column].Check(v)
	}
	return nil
}
