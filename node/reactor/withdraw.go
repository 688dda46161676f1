package reactor

import "github.com/ankgo/ank/query"

// Withdraw ends subscriptions to one result, which is of the query, with an error. Those that have begun get one
// more change set, in which all rows are removed for a reason; those that have not see an empty result.
func Withdraw(c *query.Checked, subs []*Subscription, reason Reason, err error) {
	if c.Grouping() != nil {
		c = c.OfGroups()
	}
	nothing := NewFeed(c)
	nothing.empty = reason
	nothing.Replace(nil, nil, nil)
	to := nothing.Subscribe(nil)
	_, _ = Turn(to, subs) // a feed is never busy, and nobody else can end this one
	nothing.Fail(err)
}
