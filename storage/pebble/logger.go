package pebble

import "fmt"

// logger passes Pebble's messages on. Pebble is chatty at Infof and expects
// Fatalf not to return.
type logger struct{ to Logger }

// fatalError is what Pebble says when it cannot go on. It travels as a panic,
// because Pebble expects Fatalf to end the process: on the goroutine of a commit
// the driver turns it into an error; on a goroutine of Pebble's own (the manifest
// cannot be written although the ballast was given back) it ends the process,
// which loses nothing that was acknowledged.
type fatalError struct {
	message string
	cause   error // the error that Pebble named, if it named one
}

func (e fatalError) Error() string { return e.message }

func (e fatalError) Unwrap() error { return e.cause }

func (l logger) Infof(format string, args ...any) {
	if l.to != nil {
		l.to.Info(fmt.Sprintf(format, args...))
	}
}

func (l logger) Errorf(format string, args ...any) {
	if l.to != nil {
		l.to.Error(fmt.Sprintf(format, args...))
	}
}

func (l logger) Fatalf(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if l.to != nil {
		l.to.Error(message)
	}
	fatal := fatalError{message: message}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			fatal.cause = err
		}
	}
	panic(fatal)
}
