package sqlite

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"multistream/shared/eventlog"
)

func random32() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	secrets := make([][]byte, 20)
	var all sync.WaitGroup
	for n := range secrets {
		all.Go(func() {
			var err error
			if secrets[n], err = s.Keys().LoadOrCreateSecret("tokens/1", random32); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, secret := range secrets {
		if len(secret) != 32 || !bytes.Equal(secret, secrets[0]) {
			t.Fatalf("two secrets of one name: %x, %x", secret, secrets[0])
		}
	}
	other, err := s.Keys().LoadOrCreateSecret("tokens/2", random32)
	if err != nil || bytes.Equal(other, secrets[0]) {
		t.Errorf("another name: %x, %v", other, err)
	}
	if _, err := s.Keys().LoadOrCreateSecret("short", func() []byte { return []byte("short") }); err == nil {
		t.Error("a short secret was stored")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys.db", "keys.db-wal", "edge.db"} {
		if content, err := os.ReadFile(filepath.Join(dir, name)); err == nil && bytes.Contains(content, secrets[0]) {
			t.Errorf("the secret lies bare in %s", name)
		}
	}
	again := open(t, dir)
	never := func() []byte { t.Error("made again"); return random32() }
	if got, err := again.Keys().LoadOrCreateSecret("tokens/1", never); err != nil || !bytes.Equal(got, secrets[0]) {
		t.Errorf("after a restart: %x, %v", got, err)
	}
}

// TestSecretsStayWhereTheyWere: one that was put in the place of another, or changed, does not open, and no new one is made.
func TestSecretsStayWhereTheyWere(t *testing.T) {
	k := open(t, t.TempDir()).Keys()
	for _, name := range []string{"a", "b"} {
		if _, err := k.LoadOrCreateSecret(name, random32); err != nil {
			t.Fatal(err)
		}
	}
	err := k.commit(func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE secrets SET wrapped = (SELECT wrapped FROM secrets WHERE name = 'b') WHERE name = 'a'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	never := func() []byte { t.Error("made again"); return random32() }
	if got, err := k.LoadOrCreateSecret("a", never); !errors.Is(err, eventlog.ErrDamaged) || got != nil {
		t.Errorf("got %x, %v", got, err)
	}
}
