package wire

import "fmt"

// Code says what became of a request in a way that programs can branch on. The
// list is append-only: a number keeps its meaning for ever.
type Code uint16

// The codes.
const (
	Accepted         Code = 0
	CodeInternal     Code = 1  // the peer failed; trying again may help
	CodeInvalid      Code = 2  // malformed, or beyond a limit
	CodeDenied       Code = 3  // the policy or a hook refused
	CodeNotFound     Code = 4  // no such entity or collection
	CodeConflict     Code = 5  // something a serializable transaction read has moved
	CodeSkew         Code = 6  // written too far in the future
	CodeEquivocal    Code = 7  // the same ID with another content
	CodePrecursors   Code = 8  // builds on events that the peer does not have
	CodeReadOnly     Code = 9  // the peer's store takes no writes now
	CodeClosing      Code = 10 // the peer is shutting down
	CodeSystem       Code = 11 // the peer belongs to another system
	CodeClientTooOld Code = 12 // the client speaks only versions of the protocol that the server has given up
	CodeProtocol     Code = 13 // a message that has no place in the conversation
	CodeDeleted      Code = 14 // the entity is deleted
	CodeUniqueness   Code = 15 // another entity has the key
	CodeTooMany      Code = 16 // more requests at a time than the peer serves
	CodeDependency   Code = 17 // something that it builds on was refused
	CodeCredential   Code = 18 // there is no credential, or one that is not accepted, has expired or was revoked
	CodeIdentity     Code = 19 // the peer has not proved who it is
	CodeServerTooOld Code = 20 // the server does not speak the client's versions of the protocol yet
	CodeDeadline     Code = 21 // the work took too long and was given up
	CodeBehind       Code = 22 // the peer lacks what the asker has seen
)

var codeNames = [...]string{
	Accepted: "accepted", CodeInternal: "internal", CodeInvalid: "invalid", CodeDenied: "denied",
	CodeNotFound: "not found", CodeConflict: "conflict", CodeSkew: "skew", CodeEquivocal: "equivocal",
	CodePrecursors: "precursors missing", CodeReadOnly: "read-only", CodeClosing: "closing",
	CodeSystem: "another system", CodeClientTooOld: "client too old", CodeProtocol: "protocol",
	CodeDeleted: "deleted", CodeUniqueness: "uniqueness", CodeTooMany: "too many requests",
	CodeDependency: "dependency refused", CodeCredential: "credential", CodeIdentity: "identity",
	CodeServerTooOld: "server too old", CodeDeadline: "deadline",
	CodeBehind: "behind",
}

// String is the code's name; a code of a newer peer is shown as its number.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("code %d", uint16(c))
}

// Error tells that a message could not be read. The connection it came from is
// of no further use.
type Error struct {
	Kind Kind // 0 when not even that is known
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("wire: message of kind %d: %v", e.Kind, e.Err) }

// Unwrap returns what was wrong, a *codec.Error or an error of package event or model.
func (e *Error) Unwrap() error { return e.Err }
