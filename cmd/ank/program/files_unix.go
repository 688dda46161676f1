//go:build unix

package program

import "syscall"

// openFiles is how many files this process may have open at a time, sockets included.
func openFiles() (uint64, error) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return uint64(limit.Cur), err
}
