package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

func look(t *testing.T, dir string) *Reader {
	t.Helper()
	r, err := OpenReader(context.Background(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A reader sees what an edge on the same folder has acknowledged, each time anew, and does not hold it up.
func TestReaderBesideAnEdge(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	c := eventlogtest.NewChain(event.NewID())
	var r *Reader
	for i := range int64(5) {
		if err := s.Append(ctx, withSummary(c, "live", c.Several(3)...)); err != nil {
			t.Fatal(err)
		}
		if r == nil {
			r = look(t, dir)
		}
		if head, err := r.Head(ctx, c.Tenant, c.Session); err != nil || head.Sequence != 3*(i+1) {
			t.Fatalf("head %v, %v after %d events", head, err, 3*(i+1))
		}
		if err := r.VerifySession(ctx, c.Tenant, c.Session); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if err := s.writer.checkpoint("TRUNCATE"); err != nil {
				t.Fatalf("a reader holds the edge up: %v", err)
			}
		}
	}
	if !r.InUse() || r.Disturbed() != nil {
		t.Errorf("in use %v, disturbed %v", r.InUse(), r.Disturbed())
	}
	rows, err := r.Read(ctx, c.Tenant, c.Session, 0, 100)
	want, _ := s.Read(ctx, c.Tenant, c.Session, 0, 100)
	if err != nil || len(rows) != 15 || !reflect.DeepEqual(rows, want) {
		t.Errorf("read %d rows: %v", len(rows), err)
	}
	if _, err := r.Head(ctx, event.NewID(), c.Session); err != nil {
		t.Error(err) // nothing of another tenant, and no error
	}
}

// A folder on which no edge runs is left exactly as it was, file for file and byte for byte, and needs no write access.
func TestReaderLeavesNoTrace(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	var tr truth
	tr.write(t, s)
	k, err := s.Keys().Current(tr.chains[0].Tenant, tr.chains[0].Actor)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := everyFile(t, dir)
	r := look(t, dir)
	all, err := r.Sessions(ctx)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d sessions: %v", len(all), err)
	}
	for i, c := range tr.chains {
		if err := r.VerifySession(ctx, c.Tenant, c.Session); err != nil {
			t.Error(err)
		}
		if heads, err := r.SignedHeads(ctx, c.Tenant, c.Session); err != nil || len(heads) != 1 || heads[0].Sequence != 21 {
			t.Errorf("signed heads %v: %v", heads, err)
		}
		if m, err := r.Summary(ctx, c.Tenant, c.Session); err != nil || m.Status != tr.summaries[i].Status {
			t.Errorf("summary %v: %v", m, err)
		}
	}
	ring, err := r.PersonKeys()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ring.Get(k.TenantID, k.ID); err != nil || got.Secret != k.Secret {
		t.Errorf("the person's key is %v: %v", got, err)
	}
	if _, err := ring.Current(k.TenantID, event.NewID()); !errors.Is(err, event.ErrNoKey) {
		t.Errorf("a key is made while looking: %v", err)
	}
	if signers, err := r.Signers(ctx); err != nil || len(signers) != 1 || signers[0].EdgeID != s.EdgeID() {
		t.Errorf("signers %v: %v", signers, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if after := everyFile(t, dir); !reflect.DeepEqual(before, after) {
		t.Error("looking has changed the folder")
	}
}

// everyFile reads a folder's files by name.
func everyFile(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// After a crash what was acknowledged lies in the write-ahead log.
func TestReaderAfterACrash(t *testing.T) {
	t.Parallel()
	files, c, all, _ := interrupted(t)
	dir := writeFiles(t, files)
	r := look(t, dir)
	rows, err := r.Read(context.Background(), c.Tenant, c.Session, 0, len(all)+1)
	if err != nil || !sameRows(rows, all) {
		t.Fatalf("read %d of %d rows: %v", len(rows), len(all), err)
	}
	if r.InUse() || r.Disturbed() != nil {
		t.Errorf("in use %v, disturbed %v", r.InUse(), r.Disturbed())
	}
}

// An edge that starts under a reader that expected none is noticed.
func TestReaderIsDisturbed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	r := look(t, dir)
	if err := r.Disturbed(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if err := r.Disturbed(); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("an edge was started: %v", err)
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	newer := t.TempDir()
	s := open(t, newer)
	if _, err := s.writer.conn.ExecContext(context.Background(), "UPDATE goose_db_version SET version_id = 99 WHERE id = (SELECT max(id) FROM goose_db_version)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dir, want string }{
		"nothing there": {t.TempDir(), "there is no data of an edge"},
		"no folder":     {filepath.Join(t.TempDir(), "none"), "there is no data of an edge"},
		"newer data":    {newer, "the data has schema 99, this program reads"},
	} {
		before, _ := os.ReadDir(c.dir)
		r, err := OpenReader(context.Background(), Options{Dir: c.dir})
		if err == nil {
			_ = r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadDir(c.dir); len(after) != len(before) {
			t.Errorf("%s: files were made", name)
		}
	}
}

// A class whose head, or whose row in the list, is lost is still listed.
func TestReaderListsWhatIsLeft(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir)
	var tr truth
	tr.write(t, s)
	for _, statement := range []string{
		"DROP TRIGGER session_heads_kept", "DROP TRIGGER session_state_events_kept",
		"DELETE FROM session_heads WHERE session_id = X'" + hexOf(tr.chains[0].Session) + "'",
		"DELETE FROM sessions WHERE id = X'" + hexOf(tr.chains[1].Session) + "'",
		"DELETE FROM session_state_events WHERE session_id = X'" + hexOf(tr.chains[2].Session) + "'",
	} {
		if _, err := s.writer.conn.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	r := look(t, dir)
	all, err := r.Sessions(ctx)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d sessions are listed: %v", len(all), err)
	}
	for i, damaged := range []bool{true, false, true} {
		err := r.VerifySession(ctx, tr.chains[i].Tenant, tr.chains[i].Session)
		if errors.Is(err, eventlog.ErrDamaged) != damaged {
			t.Errorf("session %d: %v", i, err)
		}
	}
}

func hexOf(id event.ID) string { return strings.ReplaceAll(id.String(), "-", "") }
