package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/edge/sqlite/faultvfs"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// sameKey compares what is stored of two keys.
func sameKey(a, b event.PersonKey) bool {
	return a.ID == b.ID && a.TenantID == b.TenantID && a.PersonID == b.PersonID && a.Secret == b.Secret && a.CreatedAt == b.CreatedAt
}

func TestKeysAreDurableAndOnePerPerson(t *testing.T) {
	dir, tenant, people := t.TempDir(), event.NewID(), make([]event.ID, 40)
	s := open(t, dir)
	made := make([]event.PersonKey, len(people))
	var wg sync.WaitGroup
	for i := range people {
		people[i] = event.NewID()
		for range 2 {
			wg.Go(func() {
				k, err := s.Keys().Current(tenant, people[i])
				if err != nil {
					t.Error(err)
				}
				if again, err := s.Keys().Current(tenant, people[i]); err != nil || !sameKey(again, k) {
					t.Errorf("asked again: another key, %v", err)
				}
			})
		}
	}
	wg.Wait()
	for i, p := range people {
		made[i], _ = s.Keys().Current(tenant, p)
	}
	signing, edge, incarnation := s.Keys().SigningKey(), s.EdgeID(), s.Incarnation()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	for i, want := range made {
		if got, err := s.Keys().Get(tenant, want.ID); err != nil || !sameKey(got, want) {
			t.Errorf("after a restart: %v, %v", got.ID, err)
		}
		if got, erased, err := s.Keys().Of(tenant, people[i]); err != nil || erased || len(got) != 1 || !sameKey(got[0], want) {
			t.Errorf("keys of a person after a restart: %d, %v, %v", len(got), erased, err)
		}
	}
	if !s.Keys().SigningKey().Equal(signing) || s.EdgeID() != edge || s.Incarnation() != incarnation {
		t.Error("the edge is another one after a restart")
	}
}

func TestKeysKnowTenants(t *testing.T) {
	k, tenant, foreign, person := open(t, t.TempDir()).Keys(), event.NewID(), event.NewID(), event.NewID()
	key, err := k.Current(tenant, person)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get(foreign, key.ID); !errors.Is(err, event.ErrNoKey) {
		t.Errorf("another tenant's key by id: %v", err)
	}
	if got, erased, err := k.Of(foreign, person); len(got) != 0 || erased || err != nil {
		t.Errorf("another tenant's keys: %v %v %v", got, erased, err)
	}
	if other, err := k.Current(foreign, person); err != nil || other.ID == key.ID || other.Secret == key.Secret {
		t.Errorf("the same key in two tenants, %v", err)
	}
	if err := k.Destroy(context.Background(), foreign, person); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(tenant, key.ID); err != nil || got.ID != key.ID || got.Secret != key.Secret {
		t.Errorf("erasing somebody in another tenant took the key here: %v", err)
	}
	if d, err := k.Destroyed(context.Background(), tenant); len(d) != 0 || err != nil {
		t.Errorf("destroyed keys of another tenant are listed: %v, %v", d, err)
	}
}

func TestErasedForEver(t *testing.T) {
	ctx, dir, tenant, person := context.Background(), t.TempDir(), event.NewID(), event.NewID()
	s := open(t, dir)
	key, err := s.Keys().Current(tenant, person)
	if err != nil {
		t.Fatal(err)
	}
	second := event.PersonKey{ID: event.NewID(), TenantID: tenant, PersonID: person, Secret: [32]byte{1}, CreatedAt: key.CreatedAt + 1}
	if err := s.Keys().Import(ctx, second); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Keys().Current(tenant, person); err != nil || !sameKey(got, second) {
		t.Errorf("the newest of two keys is not current: %v, %v", got.ID, err)
	}
	if err := s.Keys().Destroy(ctx, tenant, person); err != nil {
		t.Fatal(err)
	}
	check := func(s *Store) {
		t.Helper()
		for _, lost := range []event.PersonKey{key, second} {
			if _, err := s.Keys().Get(tenant, lost.ID); !errors.Is(err, event.ErrErased) {
				t.Errorf("get: %v, want ErrErased", err)
			}
			if err := s.Keys().Import(ctx, lost); !errors.Is(err, event.ErrErased) {
				t.Errorf("import of a destroyed key: %v, want ErrErased", err)
			}
		}
		if _, err := s.Keys().Current(tenant, person); !errors.Is(err, event.ErrErased) {
			t.Errorf("current: %v, want ErrErased", err)
		}
		if keys, erased, err := s.Keys().Of(tenant, person); len(keys) != 0 || !erased || err != nil {
			t.Errorf("of: %d, %v, %v", len(keys), erased, err)
		}
		if d, err := s.Keys().Destroyed(ctx, tenant); err != nil || len(d) != 2 {
			t.Errorf("%d destroyed keys are listed, %v", len(d), err)
		}
	}
	check(s)
	listed := event.NewID()
	if err := s.Keys().ApplyDestroyed(ctx, event.NewID(), event.NewID(), []event.ID{listed}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	check(s)
	err = s.Keys().Import(ctx, event.PersonKey{ID: listed, TenantID: tenant, PersonID: event.NewID()})
	if err != nil {
		t.Errorf("a key id that another tenant destroyed is refused here: %v", err)
	}
}

// A destroyed key must not be found in any file, wrapped as it is: who has the key file could still open it.
func TestDestroyedKeyLeavesNoTrace(t *testing.T) {
	ctx, dir, tenant, person := context.Background(), t.TempDir(), event.NewID(), event.NewID()
	s := open(t, dir)
	for range 30 {
		if _, err := s.Keys().Current(tenant, event.NewID()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Keys().Current(tenant, person); err != nil {
		t.Fatal(err)
	}
	session, poll := event.NewID(), event.NewID()
	if _, err := s.Keys().PollSecret(ctx, tenant, session, poll); err != nil {
		t.Fatal(err)
	}
	var wrapped [2][]byte
	for i, query := range []string{"SELECT wrapped FROM person_keys WHERE person_id = ?", "SELECT wrapped FROM poll_secrets WHERE poll_id = ?"} {
		id := []event.ID{person, poll}[i]
		if err := s.Keys().readers.QueryRow(query, id[:]).Scan(&wrapped[i]); err != nil {
			t.Fatal(err)
		}
	}
	found := func() (n int) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) < 4 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range wrapped {
				n += bytes.Count(b, w)
			}
		}
		return n
	}
	if found() < 2 {
		t.Fatal("the test does not find what is there")
	}
	if err := s.Keys().Destroy(ctx, tenant, person); err != nil {
		t.Fatal(err)
	}
	if err := s.Keys().DestroyPollSecret(ctx, tenant, session, poll); err != nil {
		t.Fatal(err)
	}
	if n := found(); n != 0 {
		t.Errorf("the destroyed keys are still in %d places", n)
	}
}

func TestPollSecret(t *testing.T) {
	ctx, dir, tenant, session, poll := context.Background(), t.TempDir(), event.NewID(), event.NewID(), event.NewID()
	s := open(t, dir)
	secret, err := s.Keys().PollSecret(ctx, tenant, session, poll)
	if err != nil || len(secret) != 32 {
		t.Fatal(err)
	}
	for _, other := range []pollKey{{event.NewID(), session, poll}, {tenant, event.NewID(), poll}, {tenant, session, event.NewID()}} {
		if b, err := s.Keys().PollSecret(ctx, other.tenant, other.session, other.poll); err != nil || bytes.Equal(b, secret) {
			t.Errorf("two polls share a secret, %v", err)
		}
	}
	s.Close()
	s = open(t, dir)
	if again, err := s.Keys().PollSecret(ctx, tenant, session, poll); err != nil || !bytes.Equal(again, secret) {
		t.Errorf("after a restart: another secret, %v", err)
	}
	secrets := func(tenant, session event.ID) int {
		t.Helper()
		polls, err := s.Keys().PollSecrets(ctx, tenant, session)
		if err != nil {
			t.Fatal(err)
		}
		return len(polls)
	}
	if mine, all, foreign := secrets(tenant, session), secrets(event.ID{}, event.ID{}), secrets(event.NewID(), session); mine != 2 || all != 4 || foreign != 0 {
		t.Errorf("%d secrets of the session, %d of all, %d of a stranger; want 2, 4, 0", mine, all, foreign)
	}
	unknown := event.NewID()
	for _, p := range []event.ID{poll, unknown, poll} {
		if err := s.Keys().DestroyPollSecret(ctx, tenant, session, p); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = open(t, dir)
	for _, p := range []event.ID{poll, unknown} {
		if _, err := s.Keys().PollSecret(ctx, tenant, session, p); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("after its end: %v, want ErrNotFound", err)
		}
	}
	if n := secrets(tenant, session); n != 1 {
		t.Errorf("%d secrets are listed after one of two was destroyed", n)
	}
}

// A row that was moved to another person, or wrapped under another key file, does not open.
func TestWrappingIsBound(t *testing.T) {
	dir, tenant, person, other := t.TempDir(), event.NewID(), event.NewID(), event.NewID()
	s := open(t, dir)
	if err := s.Keys().Make(tenant, person, other); err != nil {
		t.Fatal(err)
	}
	err := s.Keys().commit(func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE person_keys SET wrapped = (SELECT wrapped FROM person_keys WHERE person_id = ?) WHERE person_id = ?`, person[:], other[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	if _, err := s.Keys().Current(tenant, other); !errors.Is(err, eventlog.ErrDamaged) {
		t.Errorf("a moved key: %v, want ErrDamaged", err)
	}
	s.Close()
	kek := filepath.Join(dir, "kek")
	b, err := os.ReadFile(kek)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(kek); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the key file is %v, %v", st.Mode(), err)
	}
	b[7] ^= 1
	for _, content := range [][]byte{b, b[:31], nil} {
		if content == nil {
			err = os.Remove(kek)
		} else {
			err = os.WriteFile(kek, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tryOpen(t, dir); err == nil {
			t.Errorf("opened with a key file of %d bytes that is not the right one", len(content))
		}
	}
}

// A commit that fails takes the tenant's new key with it; what is made later must not be wrapped by that one.
func TestKeysAfterAFailedCommit(t *testing.T) {
	dir, tenant, person := t.TempDir(), event.NewID(), event.NewID()
	d, opt := breakable(t, dir)
	s := open(t, dir, opt)
	for allowed := int32(0); ; allowed++ {
		var writes atomic.Int32
		d.breaks(func(op faultvfs.Op) error {
			if op.Kind == faultvfs.Write && op.File == "keys.db-wal" && writes.Add(1) > allowed {
				return faultvfs.ErrFull
			}
			return nil
		})
		// Two people in one commit: the second one's key is wrapped by the tenant's key that the first one's made.
		err := s.Keys().Make(tenant, person, event.NewID())
		if err == nil {
			break
		}
		if !errors.Is(err, eventlog.ErrUnavailable) {
			t.Fatalf("after %d writes: %v, want ErrUnavailable", allowed, err)
		}
	}
	d.heal()
	key, err := s.Keys().Current(tenant, person)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got, err := open(t, dir, opt).Keys().Get(tenant, key.ID); err != nil || got.ID != key.ID || got.Secret != key.Secret {
		t.Errorf("after a restart: %+v, %v, want %+v", got, err, key)
	}
}
