package disk

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"multistream/edge/faulttest/systrace"
)

// script makes operations, each a moment after the one before.
type script struct {
	ops  []systrace.Op
	line int
}

func (s *script) add(o systrace.Op) *script {
	s.line++
	o.Begin, o.End = s.line, s.line
	s.ops = append(s.ops, o)
	return s
}

func (s *script) open(name string) *script {
	return s.add(systrace.Op{Kind: systrace.Open, Path: name, Create: true})
}
func (s *script) write(name string, at int64, data string) *script {
	return s.add(systrace.Op{Kind: systrace.Write, Path: name, Offset: at, Data: []byte(data)})
}
func (s *script) sync(name string) *script {
	return s.add(systrace.Op{Kind: systrace.Sync, Path: name})
}
func (s *script) syncDir() *script { return s.add(systrace.Op{Kind: systrace.SyncDir, Path: "."}) }

// outcomes plays everything and gives what many power cuts leave of a file; "-" where there is no file.
func outcomes(t *testing.T, s *script, mode Mode, name string) map[string]int {
	t.Helper()
	d := New(nil, s.ops)
	for d.Step() {
	}
	got := map[string]int{}
	for seed := range uint64(200) {
		im := d.Image(mode, rand.New(rand.NewPCG(seed, 0)))
		if data, ok := im.Files[name]; ok {
			got[strings.TrimRight(string(data), "\x00")]++
		} else {
			got["-"]++
		}
	}
	return got
}

func only(t *testing.T, what string, got map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if got[w] == 0 {
			t.Errorf("%s: never %q, only %v", what, w, got)
		}
		delete(got, w)
	}
	if len(got) > 0 {
		t.Errorf("%s: also %v", what, got)
	}
}

func TestWhatWasSyncedStays(t *testing.T) {
	for mode := range Mode(Modes) {
		s := new(script).open("a").write("a", 0, "one").sync("a").syncDir()
		only(t, mode.String(), outcomes(t, s, mode, "a"), "one")
	}
}

func TestWhatWasNotSyncedMayGo(t *testing.T) {
	s := new(script).open("a").write("a", 0, "one").sync("a").syncDir().write("a", 0, "1").write("a", 1, "2")
	only(t, "synced", outcomes(t, s, Synced, "a"), "one")
	only(t, "written", outcomes(t, s, Written, "a"), "12e")
	only(t, "prefix", outcomes(t, s, Prefix, "a"), "one", "1ne", "12e")
	only(t, "subset", outcomes(t, s, Subset, "a"), "one", "1ne", "o2e", "12e")
	only(t, "sectors", outcomes(t, s, Sectors, "a"), "one", "1ne", "o2e", "12e")
}

func TestTearsAtSectors(t *testing.T) {
	old, fresh := strings.Repeat("o", 512), strings.Repeat("n", 512)
	s := new(script).open("a").write("a", 0, old+old).sync("a").syncDir().write("a", 0, fresh+fresh)
	only(t, "sectors", outcomes(t, s, Sectors, "a"), old+old, old+fresh, fresh+old, fresh+fresh)
	only(t, "pages", outcomes(t, s, Pages, "a"), old+old, fresh+fresh)
}

// A name is durable only when its folder was synced, even if the file was.
func TestNamesNeedTheFoldersSync(t *testing.T) {
	s := new(script).open("a").write("a", 0, "one").sync("a")
	only(t, "created", outcomes(t, s, Synced, "a"), "-")
	only(t, "created, lots", outcomes(t, s, Subset, "a"), "-", "one")

	s = new(script).open("a").write("a", 0, "old").sync("a").syncDir().open("new").write("new", 0, "fresh").sync("new")
	s.add(systrace.Op{Kind: systrace.Rename, Path: "new", To: "a"})
	only(t, "renamed", outcomes(t, s, Synced, "a"), "old")
	only(t, "renamed, lots", outcomes(t, s, Subset, "a"), "old", "fresh")
	only(t, "renamed and synced", outcomes(t, s.syncDir(), Subset, "a"), "fresh")

	s = new(script).open("a").write("a", 0, "old").sync("a").syncDir().add(systrace.Op{Kind: systrace.Unlink, Path: "a"})
	only(t, "removed", outcomes(t, s, Synced, "a"), "old")
	only(t, "removed and synced", outcomes(t, s.syncDir(), Synced, "a"), "-")
}

// A sync covers only what was finished when it began, and promises only when it has returned.
func TestSyncCoversWhatWasThere(t *testing.T) {
	s := new(script).open("a").syncDir().write("a", 0, "1")
	s.ops = append(s.ops, systrace.Op{Kind: systrace.Sync, Path: "a", Begin: 4, End: 6})
	s.ops = append(s.ops, systrace.Op{Kind: systrace.Write, Path: "a", Offset: 1, Data: []byte("2"), Begin: 5, End: 5})
	only(t, "written meanwhile", outcomes(t, s, Synced, "a"), "1")
	d := New(nil, s.ops)
	for d.Last() != "begin of line 4: sync a" {
		d.Step()
	}
	if im := d.Image(Synced, rand.New(rand.NewPCG(1, 1))); len(im.Files["a"]) != 0 {
		t.Errorf("before the sync returned, %q was kept for sure", im.Files["a"])
	}
}

func TestIgnoredSyncsPromiseNothing(t *testing.T) {
	s := new(script).open("a").syncDir().write("a", 0, "1").sync("a")
	d := New(nil, s.ops)
	d.IgnoreSyncs(func(name string) bool { return name == "a" })
	for d.Step() {
	}
	if im := d.Image(Synced, rand.New(rand.NewPCG(1, 1))); len(im.Files["a"]) != 0 {
		t.Errorf("%q was kept", im.Files["a"])
	}
}

func TestSameSeedSameImage(t *testing.T) {
	s := new(script).open("a").open("b").write("a", 0, strings.Repeat("x", 5000)).write("b", 3, strings.Repeat("y", 5000)).open("c-shm")
	for mode := range Mode(Modes) {
		var first Image
		for i := range 3 {
			d := New(nil, s.ops)
			for d.Step() {
			}
			im := d.Image(mode, rand.New(rand.NewPCG(7, 7)))
			for name := range im.Files {
				if i > 0 && !bytes.Equal(im.Files[name], first.Files[name]) {
					t.Errorf("%s of %s differs", mode, name)
				}
			}
			first = im
		}
	}
}
