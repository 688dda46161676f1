package plan_test

import (
	"fmt"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

func ExampleNew() {
	for _, text := range []string{
		"owner = 'ada' AND status IN ('new', 'open')",
		"status = 'open' ORDER BY score LIMIT 20",
		"title LIKE '%draft%'",
	} {
		q, err := query.Parse(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		c, err := q.Check(items)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(plan.New(c, items.Indexes()))
	}
	// Output:
	// seek index 0, 2 ranges
	// seek index 2, 1 range, sorted
	// scan, residual, sorted
}
