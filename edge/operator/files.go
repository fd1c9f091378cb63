package operator

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files of the door in the data folder. The token stays the same over restarts, so that a collector of metrics can read it
// from there; the address is written at each start.
const (
	tokenFile   = "operator.token"
	addressFile = "operator.url"
)

// Token gives the door's token of a data folder; the first time it makes one that only the folder's owner can read.
func Token(dir string) (string, error) {
	path := filepath.Join(dir, tokenFile)
	raw, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(raw)); err == nil && len(token) >= 32 {
		return token, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("operator's token: %w", err)
	}
	token := make([]byte, 32)
	rand.Read(token)
	text := base64.RawURLEncoding.EncodeToString(token)
	return text, write(path, text)
}

// Announce writes where the door is.
func Announce(dir, url string) error { return write(filepath.Join(dir, addressFile), url) }

// Find gives address and token of the door of the edge that runs on a data folder.
func Find(dir string) (url, token string, err error) {
	u, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return "", "", fmt.Errorf("no edge was ever started on %s: %w", dir, err)
	}
	t, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		return "", "", fmt.Errorf("operator's token: %w", err)
	}
	return strings.TrimSpace(string(u)), strings.TrimSpace(string(t)), nil
}

// write replaces a file as a whole: nobody reads half of it.
func write(path, text string) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text+"\n"), 0o600); err != nil {
		return fmt.Errorf("operator's door: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("operator's door: %w", err)
	}
	return nil
}
