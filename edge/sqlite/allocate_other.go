//go:build !linux

package sqlite

import "os"

// allocate takes size bytes of blocks for f.
func allocate(f *os.File, size int64) error { return writeZeros(f, size) }
