package text

import "syscall/js"

// The host of a page can normalise itself: tables of its own would be a tenth of
// the page.

func decomposed(s string) string { return js.ValueOf(s).Call("normalize", "NFKD").String() }

func composed(s string) string { return js.ValueOf(s).Call("normalize", "NFC").String() }
