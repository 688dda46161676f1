package stream

// Compress is what a frame of these bytes would hold.
func Compress(b []byte) []byte { return compress(nil, b) }
