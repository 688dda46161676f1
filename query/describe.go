package query

import (
	"strconv"
	"unicode/utf8"
)

// longestShown is how many characters of a query an error quotes.
const longestShown = 40

// describe shows a piece of a query in an error: shortened, and in quotes
// unless it brings its own.
func describe(token string) string {
	if utf8.RuneCountInString(token) > longestShown {
		token = string([]rune(token)[:longestShown]) + "..."
	}
	if token != "" && token[0] == '\'' {
		return token
	}
	return strconv.Quote(token)
}
