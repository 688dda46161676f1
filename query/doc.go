// Package query is the language in which entities are asked for.
package query
