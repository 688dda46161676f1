// Package model holds values and the schemas that give them meaning.
package model
