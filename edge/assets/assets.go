// Package assets keeps the bytes of slides and media in the data folder, under their SHA-256, apart for each tenant.
package assets

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// ErrTooLarge says that more bytes came than may be kept; nothing was kept.
var ErrTooLarge = errors.New("asset is too large")

// Store is a folder of assets. It is safe for concurrent use.
type Store struct {
	dir  string
	room func(bytes int64) error

	mu       sync.Mutex
	incoming int64 // bytes that files on their way may still come to
}

// Open makes the folder, for its owner only, if it does not exist, and clears what an interrupted Put left. room tells whether
// the disk has room for so many bytes beside what classes need; its error wraps eventlog.ErrUnavailable.
func Open(dir string, room func(bytes int64) error) (*Store, error) {
	incoming := filepath.Join(dir, "incoming")
	if err := os.RemoveAll(incoming); err != nil {
		return nil, fmt.Errorf("assets: clear %s: %w", incoming, err)
	}
	if err := os.MkdirAll(incoming, 0o700); err != nil {
		return nil, fmt.Errorf("assets: make %s: %w", incoming, err)
	}
	return &Store{dir: dir, room: room}, nil
}

func (s *Store) path(tenant event.ID, digest event.Hash) string {
	name := digest.String()
	return filepath.Join(s.dir, tenant.String(), name[:2], name)
}

// Put keeps what r gives, at most most bytes, and returns its digest and size when it is durable. The same bytes are kept
// once. It returns ErrTooLarge, or an error wrapping eventlog.ErrUnavailable where the disk can't take it; nothing is kept then.
func (s *Store) Put(ctx context.Context, tenant event.ID, r io.Reader, most int64) (digest event.Hash, size int64, err error) {
	if err := s.claim(most); err != nil {
		return digest, 0, err
	}
	defer s.release(most)
	f, err := os.CreateTemp(filepath.Join(s.dir, "incoming"), "put-*")
	if err != nil {
		return digest, 0, fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
	}
	defer func() { err = errors.Join(err, discard(f)) }()
	sum := sha256.New()
	size, err = io.Copy(f, io.TeeReader(io.LimitReader(readerUntil{ctx, r}, most+1), sum))
	switch {
	case size > most:
		return digest, 0, ErrTooLarge
	case errors.As(err, new(*fs.PathError)):
		return digest, 0, fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
	case err != nil:
		return digest, 0, fmt.Errorf("read the asset: %w", err)
	}
	digest = event.Hash(sum.Sum(nil))
	if err := s.settle(f, s.path(tenant, digest)); err != nil {
		return digest, 0, fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
	}
	return digest, size, nil
}

// claim takes room for a file that is on its way: many small enough files at once are no way around the bound.
func (s *Store) claim(bytes int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(s.incoming + bytes); err != nil {
		return err
	}
	s.incoming += bytes
	return nil
}

func (s *Store) release(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incoming -= bytes
}

// settle makes the file durable under its name: its bytes first, then each folder that leads to it.
func (s *Store) settle(f *os.File, path string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	for dir := folder; len(dir) >= len(s.dir); dir = filepath.Dir(dir) {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// Open gives the bytes back. It returns an error wrapping eventlog.ErrNotFound where the tenant has no such asset.
func (s *Store) Open(_ context.Context, tenant event.ID, digest event.Hash) (io.ReadSeekCloser, error) {
	f, err := os.Open(s.path(tenant, digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("asset %s: %w", digest, eventlog.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("asset %s: %w", digest, err)
	}
	return f, nil
}

// discard closes a temporary file and removes it if it was not renamed.
func discard(f *os.File) error {
	err := f.Close()
	if removed := os.Remove(f.Name()); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readerUntil ends a copy when its context ends.
type readerUntil struct {
	ctx context.Context
	r   io.Reader
}

func (r readerUntil) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
