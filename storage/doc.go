// Package storage is the contract between a node and the place it keeps its data.
package storage
