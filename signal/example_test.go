package signal_test

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/signal"
)

func Example() {
	g := signal.NewGraph()
	price, count := signal.NewValue(g, 20), signal.NewValue(g, 2)
	total := signal.NewComputed(g, func(t *signal.Tracker) int { return price.Get(t) * count.Get(t) })
	fmt.Println(total.Peek())
	g.Batch(func(b *signal.Batch) {
		price.SetIn(b, 30)
		count.SetIn(b, 3)
	})
	fmt.Println(total.Peek())
	// Output:
	// 40
	// 90
}

func ExampleNewEffect() {
	g := signal.NewGraph()
	name := signal.NewValue(g, "Prince")
	shown := make(chan string)
	signal.NewEffect(g, name.Get, func(s string) { shown <- s })
	fmt.Println(<-shown)
	name.Set("The Artist")
	fmt.Println(<-shown)
	g.Close()
	<-g.Done()
	// Output:
	// Prince
	// The Artist
}

func ExampleWait() {
	g := signal.NewGraph()
	loaded := signal.NewValue(g, 0)
	go func() {
		for range 3 {
			loaded.Update(func(n int) int { return n + 1 })
		}
	}()
	n, err := signal.Wait(context.Background(), loaded, func(n int) bool { return n == 3 })
	fmt.Println(n, err)
	// Output: 3 <nil>
}
