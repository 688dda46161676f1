// Package kv is the storage engine over any ordered key-value store.
package kv
