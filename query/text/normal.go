//go:build !js

package text

import "golang.org/x/text/unicode/norm"

// decomposed returns a text in normalisation form KD: letters and their marks
// apart, and compatible forms as the characters that they stand for.
func decomposed(s string) string { return norm.NFKD.String(s) }

// composed returns a text in normalisation form C.
func composed(s string) string { return norm.NFC.String(s) }
