// Package event holds what Ank's histories are made of.
package event
