package stream

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"

	"github.com/ankgo/ank/node/wire"
)

// worthwhile is the size in bytes from which on compressing is tried.
const worthwhile = 1 << 10

// What is large and needed for moments, connections share: compressors, of 600 kB each, and buffers.
var (
	compressors = sync.Pool{New: func() any { return newCompressor() }}
	expanders   = sync.Pool{New: func() any { return flate.NewReader(nil) }}
	buffers     = sync.Pool{New: func() any { return new(make([]byte, frameRoom, 2<<10)) }}
)

// takeBuffer returns a buffer with room for the beginning of a frame.
func takeBuffer() *[]byte { return buffers.Get().(*[]byte) }

// giveBuffer gives a buffer back, unless a huge message has made it large.
func giveBuffer(b *[]byte) {
	if cap(*b) <= 2*wire.FullFrame {
		*b = (*b)[:frameRoom]
		buffers.Put(b)
	}
}

func newCompressor() *flate.Writer {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is one of the package's own
	}
	return w
}

// compress appends b compressed.
func compress(to, b []byte) []byte {
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	out := bytes.NewBuffer(to)
	w.Reset(out)
	// Writing to a buffer does not fail.
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// expand is the frame that was compressed.
func expand(b []byte) ([]byte, error) {
	r := expanders.Get().(io.ReadCloser)
	defer expanders.Put(r)
	source := bytes.NewReader(b)
	if err := r.(flate.Resetter).Reset(source, nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	var out bytes.Buffer
	n, err := io.CopyN(&out, r, wire.MaxFrame+1)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%w: it expands to more than %d bytes", ErrFrame, wire.MaxFrame)
	case err != io.EOF:
		return nil, fmt.Errorf("%w: %w", ErrFrame, err)
	case n == 0, source.Len() > 0:
		return nil, fmt.Errorf("%w: compressed, it is empty or has an end too many", ErrFrame)
	}
	return out.Bytes(), nil
}
