package text

import "syscall/js"

// The host of a page can normalise itself: tables of its own would take a part of
// the page.

func decomposed(s string) string { return normalised(s, "NFKD") }

func composed(s string) string { return normalised(s, "NFC") }

// normalised calls the method that strings of the host have, with the text as its
// receiver.
func normalised(s, form string) string {
	return js.Global().Get("String").Get("prototype").Get("normalize").Call("call", s, form).String()
}
