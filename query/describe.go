package query

import (
	"strconv"
	"unicode/utf8"
)

// describe shows a piece of a query in an error: shortened, and in quotes
// unless it brings its own.
func describe(token string) string {
	const longest = 40
	if utf8.RuneCountInString(token) > longest {
		token = string([]rune(token)[:longest]) + "..."
	}
	if token != "" && token[0] == '\'' {
		return token
	}
	return strconv.Quote(token)
}
