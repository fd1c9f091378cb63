package event

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

func signingKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// madeBundle is a bundle made with this package: a log, a superseded suffix of two rows, heads of both, a receipt.
func madeBundle(t testing.TB) (fstest.MapFS, []Event) {
	t.Helper()
	log := sampleChain(t)
	lost := []Event{log[2], log[2]}
	for i := range lost {
		e := &lost[i]
		e.ID, e.Epoch, e.EdgeID, e.Type, e.Payload = NewID(), 1, sampleEdge, TypeExamStarted, []byte(`{}`)
		e.Sequence, e.PrevHash = int64(3+i), log[1].Hash
		if i > 0 {
			e.PrevHash = lost[0].Hash
		}
		e.Hash = e.ComputeHash()
	}
	files := fstest.MapFS{}
	lines := func(name string, values ...any) {
		var b bytes.Buffer
		for _, v := range values {
			if err := WriteLine(&b, v); err != nil {
				t.Fatal(err)
			}
		}
		files[name] = &fstest.MapFile{Data: b.Bytes()}
	}
	list := func(name string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	var all []any
	for i := range log {
		all = append(all, LineOf(&log[i]))
	}
	lines(EventsFile, all...)
	lines(SupersededFile, LineOf(&lost[0]), LineOf(&lost[1]))
	old, last, lostHead := HeadOf(&log[1]), HeadOf(&log[4]), HeadOf(&lost[1])
	old.Sign(signingKey(1))
	lostHead.Sign(signingKey(1))
	last.Sign(signingKey(2))
	lines(HeadsFile, LineOfHead(last), LineOfHead(old), LineOfHead(lostHead))
	receipt := Receipt{Head: HeadOf(&log[3]), ReceivedAt: sampleTime}
	receipt.Sign(signingKey(3))
	lines(ReceiptsFile, LineOfReceipt(receipt))
	public := func(n byte) ed25519.PublicKey { return signingKey(n).Public().(ed25519.PublicKey) }
	list(EdgeKeysFile, []SigningKey{EdgeKey(sampleEdge, public(1)), EdgeKey(sampleID(9), public(2)), HubKey(public(3))})
	list(PersonKeysFile, []ExportedKey{})
	list(ManifestFile, Manifest{
		Format: BundleFormat, Version: BundleVersion, TenantID: sampleTenant, SessionID: sampleSession, ExportedAt: int64(sampleTime), Count: 5,
		Head: ManifestHead{log[4].Epoch, log[4].Sequence, log[4].Hash}, Files: []BundleFile{},
	})
	fitManifest(t, files)
	return files, lost
}

func TestMadeBundleIsGood(t *testing.T) {
	files, _ := madeBundle(t)
	r, err := CheckBundle(files)
	if err != nil || len(r.Failures) > 0 {
		t.Fatal(err, r.Failures)
	}
	if len(r.Overtaken) != 1 || r.Overtaken[0] != "heads.ndjson: line 3: 1.4 was overtaken, its event is only in superseded.ndjson" {
		t.Error(r.Overtaken)
	}
	if r.HeadsTo != 5 || r.ReceiptsTo != 4 || r.Opened != 0 || r.Unknown != 2 {
		t.Errorf("%+v", r)
	}
	_, rest, _ := bytes.Cut(files[HeadsFile].Data, []byte("\n"))
	files[HeadsFile] = &fstest.MapFile{Data: rest}
	delete(files, PersonKeysFile)
	fitManifest(t, files)
	if r, err = CheckBundle(files); r.HeadsTo != 2 {
		t.Errorf("a head of a superseded row counts: %d (%v)", r.HeadsTo, err)
	}
	if r, err = CheckBundle(files); err != nil || len(r.Failures) > 0 || r.Unknown != 0 {
		t.Errorf("without person keys: %v, %+v", err, r)
	}
}

func TestBundleChangesAreFound(t *testing.T) {
	cut := func(files fstest.MapFS, name string, from, to int) {
		all := bytes.SplitAfter(files[name].Data, []byte("\n"))
		files[name] = &fstest.MapFile{Data: bytes.Join(append(all[:from:from], all[to:]...), nil)}
	}
	tests := map[string]struct {
		change func(files fstest.MapFS)
		want   string
	}{
		"no superseded rows": {func(f fstest.MapFS) { delete(f, SupersededFile) }, "heads.ndjson: line 3 is validly signed, but no event is 1.4"},
		"first one lost":     {func(f fstest.MapFS) { cut(f, SupersededFile, 0, 1) }, "line 1 follows no event"},
		"log cut at the end": {func(f fstest.MapFS) { cut(f, EventsFile, 4, 5) }, "but no event is 3.5 with that hash: the log was changed or cut"},
		"log cut in front":   {func(f fstest.MapFS) { cut(f, EventsFile, 0, 1) }, "sequence 2 where 1 belongs"},
		"no events":          {func(f fstest.MapFS) { f[EventsFile] = &fstest.MapFile{} }, "has 0 events"},
		"file missing":       {func(f fstest.MapFS) { delete(f, HeadsFile) }, "heads.ndjson is missing"},
		"file too many":      {func(f fstest.MapFS) { f["readme.txt"] = &fstest.MapFile{} }, `"readme.txt" is listed twice or does not belong here`},
		"keys as an object":  {func(f fstest.MapFS) { f[EdgeKeysFile] = &fstest.MapFile{Data: []byte("{}")} }, "edge-keys.json: not of a bundle's form"},
		"no keys":            {func(f fstest.MapFS) { f[EdgeKeysFile] = &fstest.MapFile{Data: []byte("[]")} }, "no key of this edge"},
		"empty line":         {func(f fstest.MapFS) { f[ReceiptsFile].Data = append(f[ReceiptsFile].Data, '\n') }, "receipts.ndjson: line 2"},
		"head by another edge": {func(f fstest.MapFS) {
			var b bytes.Buffer
			err := ReadLines(bytes.NewReader(f[HeadsFile].Data), func(n int, l HeadLine) error {
				if h := l.Head(); n == 2 {
					h.Sign(signingKey(2))
					l = LineOfHead(h)
				}
				return WriteLine(&b, l)
			})
			if err != nil {
				panic(err)
			}
			f[HeadsFile] = &fstest.MapFile{Data: b.Bytes()}
		}, "heads.ndjson: line 2: no key of this edge"},
		"receipt as a head": {func(f fstest.MapFS) {
			f[HeadsFile] = &fstest.MapFile{Data: append(f[HeadsFile].Data, f[ReceiptsFile].Data...)}
		}, "receivedAt"},
	}
	for name, test := range tests {
		files, _ := madeBundle(t)
		test.change(files)
		fitManifest(t, files)
		r, err := CheckBundle(files)
		if all := strings.Join(r.Failures, "\n"); err != nil || !strings.Contains(all, test.want) {
			t.Errorf("%s: want %q, got\n%s (%v)", name, test.want, all, err)
		}
	}
	files, _ := madeBundle(t)
	files["x.txt"] = &fstest.MapFile{}
	if r, _ := CheckBundle(files); len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "x.txt is not a file of a bundle") || !r.Unreadable {
		t.Error(r.Failures)
	}
	files, _ = madeBundle(t)
	delete(files, SupersededFile)
	fitManifest(t, files)
	files[SupersededFile] = &fstest.MapFile{}
	if r, _ := CheckBundle(files); !strings.Contains(strings.Join(r.Failures, "\n"), "superseded.ndjson is not a file of the manifest") || r.Unreadable {
		t.Error(r.Failures)
	}
}

// A superseded row keeps its hash, and follows the row that it says it follows.
func TestSupersededRowsAreChecked(t *testing.T) {
	for want, change := range map[string]func(e *Event){
		"line 2: content does not match": func(e *Event) { e.Salt[0]++ },
		"line 2 follows no event": func(e *Event) {
			e.Sequence++
			e.Hash = e.ComputeHash()
		},
		"line 2 is of epoch 3, and the log ends in epoch 3": func(e *Event) {
			e.Epoch = 3
			e.Hash = e.ComputeHash()
		},
		"sequence 4: not a payload": func(e *Event) {
			e.Payload = []byte(`{"x":1,"x":1}`)
			e.Hash = e.ComputeHash()
		},
		"sequence 4: idempotency key": func(e *Event) {
			e.IdempotencyKey = "x"
			e.Hash = e.ComputeHash()
		},
	} {
		files, lost := madeBundle(t)
		files[HeadsFile] = &fstest.MapFile{}
		change(&lost[1])
		var b bytes.Buffer
		for i := range lost {
			if err := WriteLine(&b, LineOf(&lost[i])); err != nil {
				t.Fatal(err)
			}
		}
		files[SupersededFile] = &fstest.MapFile{Data: b.Bytes()}
		fitManifest(t, files)
		if r, _ := CheckBundle(files); len(r.Failures) != 1 || !strings.Contains(r.Failures[0], want) {
			t.Error(want, r.Failures)
		}
	}
}

// One row stands in a bundle once.
func TestSupersededRowsAreNotOfTheLog(t *testing.T) {
	files, _ := madeBundle(t)
	_, second, _ := bytes.Cut(files[EventsFile].Data, []byte("\n"))
	second, _, _ = bytes.Cut(second, []byte("\n"))
	files[SupersededFile].Data = append(files[SupersededFile].Data, append(second, '\n')...)
	fitManifest(t, files)
	r, _ := CheckBundle(files)
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "sequence 2 is in this bundle already") || r.HeadsTo != 5 || len(r.Overtaken) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestLinesAreBounded(t *testing.T) {
	for _, size := range []int{MaxLine, MaxLine + 1} {
		err := ReadLines(strings.NewReader(strings.Repeat(" ", size)+"\n"), func(int, HeadLine) error { return nil })
		if err == nil || strings.Contains(err.Error(), "longer than") != (size > MaxLine) {
			t.Error(size, err)
		}
	}
	long := strings.Repeat("x", MaxLine+2)
	if err := ReadLines(strings.NewReader(long+"\n"), func(int, HeadLine) error { return nil }); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
	if err := WriteLine(io.Discard, EventLine{EventType: long}); err == nil {
		t.Error("a line that can't be read was written")
	}
}

func TestBytesHaveOneText(t *testing.T) {
	var b Base64
	for _, text := range []string{"AA=", "AB==", "A A=", "AAA=\n", "AA", "_-8="} {
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as base64", text)
		}
	}
	var h HexBytes
	for _, text := range []string{"0", "AB", "0x", "a "} {
		if err := h.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as hex", text)
		}
	}
}
