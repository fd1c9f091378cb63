package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// disk appends a page to a file and syncs it, again and again: what the disk gives to a single writer.
type disk struct {
	file *os.File
	page []byte
}

func newDisk(dir string) (*disk, error) {
	file, err := os.Create(filepath.Join(dir, "fsync"))
	return &disk{file: file, page: make([]byte, 4096)}, err
}

// perSecond gives how many appends with a sync the disk takes in a second.
func (d *disk) perSecond(n int) (float64, error) {
	begin := time.Now()
	for range n {
		if _, err := d.file.Write(d.page); err != nil {
			return 0, err
		}
		if err := d.file.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

func (d *disk) close() error { return errors.Join(d.file.Close(), os.Remove(d.file.Name())) }
