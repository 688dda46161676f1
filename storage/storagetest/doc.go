// Package storagetest is the conformance suite of storage engines.
package storagetest
