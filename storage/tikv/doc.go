// Package tikv is a placeholder that is written below.
package tikv
