//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns the time that this process has spent on CPUs, which other
// processes do not lengthen as they do the time on the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
