package node

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// RefusedError is a refusal that came over a connection. errors.Is finds what
// the code stands for: ErrDenied, ErrConflict, event.ErrSkew and so on.
type RefusedError struct {
	Code wire.Code
	Text string // what the peer said; not to be relied upon

	theirs bool // the peer refused, and need not be told
}

// Error implements error.
func (e *RefusedError) Error() string {
	switch code := e.Code.String(); {
	case e.Text == "":
		return "refused: " + code
	case strings.HasPrefix(e.Text, code):
		return "refused: " + e.Text
	}
	return fmt.Sprintf("refused (%v): %s", e.Code, e.Text)
}

// Is compares with the error that the code stands for.
func (e *RefusedError) Is(target error) bool {
	for _, c := range codes {
		if c.code == e.Code && c.err == target {
			return true
		}
	}
	return false
}

// codes are the errors that have a code of their own; of those that match an
// error, the first counts.
var codes = [...]struct {
	err  error
	code wire.Code
}{
	{ErrDenied, wire.CodeDenied},
	{ErrConflict, wire.CodeConflict},
	{ErrDuplicate, wire.CodeUniqueness},
	{event.ErrSkew, wire.CodeSkew},
	{event.ErrEquivocation, wire.CodeEquivocal},
	{entity.ErrMissing, wire.CodePrecursors},
	{entity.ErrDeleted, wire.CodeDeleted},
	{entity.ErrNotFound, wire.CodeNotFound},
	{ErrUnknownModel, wire.CodeNotFound},
	{ErrReadOnly, wire.CodeReadOnly},
	{ErrClosed, wire.CodeClosing},
	{storage.ErrClosed, wire.CodeClosing},
	{ErrSystem, wire.CodeSystem},
	{ErrDependency, wire.CodeDependency},
	{ErrClientTooOld, wire.CodeClientTooOld},
	{ErrServerTooOld, wire.CodeServerTooOld},
	{ErrCredential, wire.CodeCredential},
	{ErrBehind, wire.CodeBehind},
	{wire.ErrTooLarge, wire.CodeInvalid},
	{model.ErrInvalid, wire.CodeInvalid},
	{context.DeadlineExceeded, wire.CodeDeadline},
}

// codeOf returns the code of an error, or otherwise.
func codeOf(err error, otherwise wire.Code) wire.Code {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Code
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	var (
		malformed *wire.Error
		syntax    *query.Error
	)
	if errors.As(err, &malformed) || errors.As(err, &syntax) {
		return wire.CodeInvalid
	}
	return otherwise
}

// publicText is what a peer may know of an error: nothing of this node's inner
// life.
func publicText(code wire.Code, err error) string {
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		return refused.Text
	case code == wire.CodeInternal, code == wire.CodeReadOnly, err == nil:
		return ""
	}
	return err.Error()
}

// byeCode says whether, and with which code, a peer is told why the connection
// ends.
func byeCode(cause error) (code wire.Code, told bool) {
	var (
		refused   *RefusedError
		malformed *wire.Error
	)
	switch {
	case errors.As(cause, &refused):
		return refused.Code, !refused.theirs
	case errors.As(cause, &malformed), errors.Is(cause, wire.ErrTooLarge):
		return wire.CodeInvalid, true
	case errors.Is(cause, ErrSystem):
		return wire.CodeSystem, true
	case errors.Is(cause, ErrClosed):
		return wire.CodeClosing, true
	}
	return 0, false
}
