package main

import "context"

func liveGroup(ctx context.Context, r *run) error   { return nil }
func replayGroup(ctx context.Context, r *run) error { return nil }
