// Package secrets makes all secrets of the hub from one that lies in a file: processes of the hub that have the same file
// have the same secrets, and none of them is in the database.
package secrets

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"multistream/shared/event"
)

// size of the secret, in bytes.
const size = 32

// Secrets derives secrets by their names.
type Secrets struct{ root []byte }

// Open reads the file, or makes it the first time. It refuses one that others than its owner may read.
func Open(file string) (*Secrets, error) {
	s, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	if err := create(file); err != nil && !errors.Is(err, fs.ErrExist) { // else another process was faster
		return nil, err
	}
	return read(file)
}

func read(file string) (*Secrets, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others than its owner (%s): run chmod 600 on it; if somebody did, make a new one, which signs everybody out", file, info.Mode().Perm())
	}
	root, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(root) != size {
		return nil, fmt.Errorf("%s has %d bytes, want %d: restore it from its backup", file, len(root), size)
	}
	return &Secrets{root}, nil
}

// create writes a new secret whole, or not at all: a file that is there is never touched.
func create(file string) error {
	root := make([]byte, size)
	rand.Read(root)
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".new-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(root)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), file)
}

// LoadOrCreateSecret gives the secret of this name, as many bytes as make makes; nothing of what it makes is used.
func (s *Secrets) LoadOrCreateSecret(name string, make func() []byte) ([]byte, error) {
	return s.Derive(name, len(make()))
}

// Derive gives n bytes that follow from the secret and a name.
func (s *Secrets) Derive(name string, n int) ([]byte, error) {
	return hkdf.Key(sha256.New, s.root, nil, "multistream hub 1 "+name, n)
}

// HubID is the hub's id, the issuer of its tokens. It tells nothing of the secret.
func (s *Secrets) HubID() (event.ID, error) {
	key, err := s.Derive("id", size)
	if err != nil {
		return event.ID{}, err
	}
	return event.DeriveID(event.ID{}, event.ID{}, string(key), 0), nil
}
