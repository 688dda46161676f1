// Package entity folds events into the state of entities, and holds the runtime
// half of generated code: views, drafts, collections and live queries.
package entity
