// Package faultvfs lets a test break the disk beneath SQLite: it is a file layer that asks a hook before every write, sync
// and truncation, and otherwise does what the system's own does. No product code imports it.
package faultvfs

import (
	"errors"
	"path/filepath"
	"sync"
)

// Name is what the layer is registered as.
const Name = "faults"

// Kind is what is about to be done.
type Kind string

// The kinds of operation that a hook is asked about.
const (
	Write    Kind = "write"
	Sync     Kind = "sync"
	Truncate Kind = "truncate"
)

// An Op is about to be done to a file.
type Op struct {
	Kind   Kind
	File   string // its name without the folder: edge.db, edge.db-wal
	Offset int64  // of a write; the new size of a truncation
	Size   int
}

// What a hook may answer. Any other error, too, fails the operation as the disk would: EIO.
var (
	ErrFull = errors.New("no space left on device")
	ErrIO   = errors.New("input/output error")
)

// A Hook decides about an operation: nil lets it be done. It may block, as a slow disk does.
type Hook func(Op) error

var hooks sync.Map // folder → Hook

// Use sets the hook of the databases in a folder that are opened with this layer, until the returned function is called.
func Use(folder string, h Hook) (remove func()) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		panic(err)
	}
	hooks.Store(absolute, h)
	return func() { hooks.Delete(absolute) }
}

// ask gives what the hook of the file's folder says.
func ask(path string, kind Kind, offset int64, size int) error {
	h, ok := hooks.Load(filepath.Dir(path))
	if !ok {
		return nil
	}
	return h.(Hook)(Op{Kind: kind, File: filepath.Base(path), Offset: offset, Size: size})
}
