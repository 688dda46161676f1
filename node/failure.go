package node

// Err is why the node takes no more commits until it is opened anew: ErrReadOnly with its
// cause, or ErrClosed. It is nil as long as it takes them. Programs that watch over a
// server end it then, so that another one is started.
func (n *Node) Err() error {
	if n.closed.Load() {
		return ErrClosed
	}
	return n.role.failure()
}

// failure implements role.
func (d durable) failure() error { return d.committer.failure() }

// failure implements role.
func (e *ephemeral) failure() error {
	if err := e.keeper.failed.Load(); err != nil {
		return *err
	}
	return nil
}
