package assets

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

func TestPutAndOpen(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, school, other := t.Context(), event.NewID(), event.NewID()
	digest, size, err := s.Put(ctx, school, strings.NewReader("slide"), 5)
	if err != nil || size != 5 || digest != event.Hash(sha256.Sum256([]byte("slide"))) {
		t.Fatalf("Put: %v, %d, %v", digest, size, err)
	}
	if _, _, err := s.Put(ctx, school, strings.NewReader("slide"), 5); err != nil {
		t.Fatalf("the same again: %v", err)
	}
	f, err := s.Open(ctx, school, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, _ := io.ReadAll(f); string(b) != "slide" {
		t.Errorf("got %q", b)
	}
	if _, err := s.Open(ctx, other, digest); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("another tenant got %v", err)
	}
}

func TestPutKeepsNothingOfWhatItRefuses(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, put := range map[string]func() error{
		"too large": func() error {
			_, _, err := s.Put(t.Context(), event.NewID(), strings.NewReader("slides"), 5)
			return err
		},
		"cut off": func() error {
			_, _, err := s.Put(t.Context(), event.NewID(), io.MultiReader(strings.NewReader("sl"), broken{}), 5)
			return err
		},
		"caller gone": func() error { _, _, err := s.Put(gone, event.NewID(), strings.NewReader("slide"), 5); return err },
	} {
		if put() == nil {
			t.Errorf("%s: kept", name)
		}
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			t.Errorf("left behind: %s", path)
		}
		return nil
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
