// Package eventtest builds event histories from labels.
package eventtest
