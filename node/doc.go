// Package node is where entities live.
package node
