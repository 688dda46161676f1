package node

// A CommitOption tells Commit something about how to commit.
type CommitOption func(*request)

// UntilAccepted has Commit wait until a durable node has decided. The receipt is
// the final one; of a transaction that was refused, the error is the receipt's
// Reason. On an ephemeral node that takes a connection, and Commit waits for one as
// for the rest, as long as ctx lasts: then the error is ErrPending, with the error of
// ctx, the receipt is Pending, and the transaction stays in the outbox. It is the
// same with ErrClosed when the node is closed meanwhile.
//
// On a durable node Commit does that anyway.
func UntilAccepted() CommitOption { return func(r *request) { r.awaited = true } }
