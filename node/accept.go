package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
)

// accept hands a transaction that was made elsewhere to the committer, on behalf
// of its author. It is what a client's transaction goes through, and the same as
// what a local one does. A transaction that is here already gets the receipt that
// it got before. The transaction belongs to the node from now on.
func (n *Node) accept(ctx context.Context, p Principal, tx *event.Transaction, reads ...read) (Receipt, error) {
	r := newRequest(p, tx)
	r.reads = reads
	if err := wellFormed(n.models, p, tx); err != nil {
		r.fail(err)
		return r.receipt, r.err
	}
	return n.committer.submit(ctx, r)
}

// wellFormed judges what can be judged without looking at anything else:
// structure, limits, and values.
func wellFormed(models *catalog, p Principal, tx *event.Transaction) error {
	if err := checkForm(p, tx); err != nil {
		return err
	}
	for _, e := range tx.Events {
		if err := entity.CheckEvent(models.of(e.Collection), e); err != nil {
			return err
		}
	}
	return nil
}

// checkForm judges the structure only. Drafts have checked the values of what is
// written here.
func checkForm(p Principal, tx *event.Transaction) error {
	if err := p.check(); err != nil {
		return err
	}
	return tx.Validate()
}

// fail notes why a request was not accepted.
func (r *request) fail(err error) {
	var failure undecided
	if errors.As(err, &failure) {
		r.err = failure.error
		return
	}
	r.err = err
	r.receipt.Status, r.receipt.Reason = Rejected, err
}

// undecided is an error that kept a transaction from being judged: storage could
// not be read. Every other error of acceptance refuses the transaction for good.
type undecided struct{ error }

func (u undecided) Unwrap() error { return u.error }
