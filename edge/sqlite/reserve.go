package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"multistream/shared/eventlog"
)

// Reserve tells of the file that is given back to a full disk so that live classes go on.
type Reserve struct {
	Bytes int64 // its size; 0: there is none by configuration
	Held  bool  // on the disk, still to be given back
}

type reserve struct {
	opts Options
	log  *slog.Logger
	file string

	mu   sync.Mutex
	held bool
}

// newReserve finds the reserve of the run before. Where there is none and no room for one, a start goes on: classes
// matter more.
func newReserve(opts Options, log *slog.Logger) *reserve {
	r := &reserve{opts: opts, log: log, file: filepath.Join(opts.Dir, "reserve")}
	st, err := os.Stat(r.file)
	r.held = err == nil && opts.ReserveBytes >= 0 && st.Size() == opts.ReserveBytes
	return r
}

// release gives the reserve back to the disk and reports whether there was one.
func (r *reserve) release() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.held {
		return false
	}
	r.held = false
	if err := os.Remove(r.file); err != nil {
		r.log.Error("the reserve could not be given back", "error", err)
		return false
	}
	r.log.Error("the disk is full: the reserve was given back so that running classes go on; free some space",
		"folder", r.opts.Dir, "bytes", r.opts.ReserveBytes)
	return true
}

// refill takes the reserve when there is room for it and for what running classes write meanwhile.
func (r *reserve) refill() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held || r.opts.ReserveBytes < 0 {
		return nil
	}
	free, err := r.opts.FreeSpace(r.opts.Dir)
	if err != nil {
		return err
	}
	if free < 2*r.opts.ReserveBytes {
		return fmt.Errorf("%d bytes are free, %d are needed", free, 2*r.opts.ReserveBytes)
	}
	if err := writeBlocks(r.file, r.opts.ReserveBytes); err != nil {
		return errors.Join(err, removeIfThere(r.file))
	}
	r.held = true
	return nil
}

// writeBlocks makes a file whose blocks are really taken: a file of holes would give nothing back.
func writeBlocks(file string, size int64) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(allocate(f, size), f.Close())
}

func removeIfThere(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Reserve tells whether the reserve of disk space is still held.
func (s *Store) Reserve() Reserve {
	r := s.reserve
	r.mu.Lock()
	defer r.mu.Unlock()
	return Reserve{Bytes: max(r.opts.ReserveBytes, 0), Held: r.held}
}

// AcceptingStarts returns ErrUnavailable with a sentence that may be shown when the disk is too full to begin another class: running ones
// keep what is left.
func (s *Store) AcceptingStarts() error {
	return s.room(0, "no class can begin now")
}

// RoomFor returns ErrUnavailable, with a sentence for operators, where a file of so many bytes would take from what classes need.
func (s *Store) RoomFor(bytes int64) error {
	return s.room(bytes, fmt.Sprintf("no room for a file of %d bytes", bytes))
}

func (s *Store) room(bytes int64, otherwise string) error {
	if err := s.FenceCause(); err != nil {
		return err
	}
	free, err := s.opts.FreeSpace(s.opts.Dir)
	if err != nil {
		return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
	}
	if r := s.Reserve(); free-bytes < s.opts.StartFloor || r.Bytes > 0 && !r.Held {
		return fmt.Errorf("%s: %d MB are free on this box's disk and %d are needed; running classes go on; "+
			"free some space: %w", otherwise, free>>20, s.opts.StartFloor>>20, eventlog.ErrUnavailable)
	}
	return nil
}
