package sqlite

import (
	"os"
	"syscall"
)

// allocate takes size bytes of blocks for f.
func allocate(f *os.File, size int64) error {
	err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if err == syscall.EOPNOTSUPP {
		return writeZeros(f, size)
	}
	return err
}
