package secrets_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"multistream/hub/secrets"
)

func seed() []byte { return make([]byte, 32) }

// TestOne: many who open a new file at once have one secret, and so has who opens it later.
func TestOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys", "secret")
	var mu sync.Mutex
	got := map[string]bool{}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			s, err := secrets.Open(file)
			if err != nil {
				t.Error(err)
				return
			}
			b, err := s.LoadOrCreateSecret("a", seed)
			if err != nil || len(b) != 32 {
				t.Errorf("%x, %v", b, err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[string(b)] = true
		})
	}
	all.Wait()
	if len(got) != 1 {
		t.Errorf("%d secrets", len(got))
	}
	s, err := secrets.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := s.LoadOrCreateSecret("a", seed)
	b, _ := s.LoadOrCreateSecret("b", seed)
	if !got[string(a)] || bytes.Equal(a, b) {
		t.Error("secrets don't follow from file and name")
	}
	if left, _ := filepath.Glob(file + ".new-*"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	id, err := s.HubID()
	other, err2 := s.HubID()
	if err != nil || err2 != nil || id.IsZero() || id != other {
		t.Errorf("id %s, then %s: %v, %v", id, other, err, err2)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"short": {"abc", 0o600, "restore it"}, "open": {strings.Repeat("x", 32), 0o644, "chmod 600"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := secrets.Open(file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != c.content {
			t.Errorf("%s was changed: %q, %v", name, got, err)
		}
	}
}
