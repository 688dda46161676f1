package kv

// Eager returns options with which collections become tables at the first query.
func Eager(o Options) Options {
	o.early = -1
	return o
}
