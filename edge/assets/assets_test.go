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
	s, err := Open(dir, always)
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
	s, err := Open(dir, always)
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

func always(int64) error { return nil }

// What is on its way counts: many files at once are no way around the room that stays for classes.
func TestFilesOnTheirWayTakeRoom(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, func(bytes int64) error {
		if bytes > 100 {
			return eventlog.ErrUnavailable
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put := func(r io.Reader, most int64) error {
		_, _, err := s.Put(context.Background(), event.NewID(), r, most)
		return err
	}
	if err := put(strings.NewReader("slide"), 101); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("101 bytes where 100 have room: %v", err)
	}
	slow, send := io.Pipe()
	kept := make(chan error)
	go func() { kept <- put(slow, 60) }()
	if _, err := send.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if err := put(strings.NewReader("slide"), 60); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("60 bytes beside 60 that are on their way: %v", err)
	}
	if err := put(strings.NewReader("slide"), 40); err != nil {
		t.Errorf("40 bytes beside them: %v", err)
	}
	_ = send.Close()
	if err := <-kept; err != nil {
		t.Error(err)
	}
	if err := put(strings.NewReader("slides"), 100); err != nil {
		t.Errorf("after both were kept: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
