package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes the data folder if needed and takes its lock for this process. The lock ends with the process,
// however that ends.
func lockFolder(dir string) (*os.File, error) {
	if dir == "" {
		return nil, errors.New("no data folder given: set DATA_DIR")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s can't be made: %w", dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder %s can't be written: give its owner write access and start again: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s is in use by another edge: nothing was touched; stop that one or choose another DATA_DIR", dir)
		}
		return nil, fmt.Errorf("data folder %s can't be locked: put it on a local disk: %w", dir, err)
	}
	return f, nil
}

// loadKEK reads the key that wraps all other keys, and makes it where neither it nor a key database exists yet.
func loadKEK(dir string) ([]byte, error) {
	file := filepath.Join(dir, "kek")
	kek, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeKEK(dir, file)
	case err != nil:
		return nil, fmt.Errorf("key file %s can't be read: %w", file, err)
	case len(kek) != 32:
		return nil, fmt.Errorf("key file %s has %d bytes where 32 belong: names and texts can't be opened; put the file's backup in its place", file, len(kek))
	}
	return kek, nil
}

func makeKEK(dir, file string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, "keys.db")); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key file %s is missing while %s/keys.db exists: put the file's backup in its place; "+
			"with a new one all names and texts would be lost", file, dir)
	}
	kek := make([]byte, 32)
	if _, err := rand.Read(kek); err != nil {
		return nil, err
	}
	if err := writeDurably(file, kek); err != nil {
		return nil, fmt.Errorf("key file %s can't be written: %w", file, err)
	}
	return kek, nil
}

// writeDurably makes a file whole or not at all, for its owner only: a half-written key would lock out everything.
func writeDurably(file string, content []byte) error {
	temporary := file + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // the fields' types differ between systems
}
