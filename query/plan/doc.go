// Package plan decides how to find the rows of a query.
package plan
