package event

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The worked example of docs/events.md was made with Python's hashlib, hmac, struct and cryptography, not with this package:
// for each event header = b"".join(struct.pack(">I", len(f)) + f for f in fields), hash = sha256(b"ms1" + prev + header +
// sha256(salt + payload)), AESGCM(key).encrypt(nonce, json, tenant + session + event id + path).

// readPage gives the files and the values of the page's example.
func readPage(t testing.TB) (files fstest.MapFS, values map[string]string) {
	t.Helper()
	files, values = readExample(t, "")
	if len(files) != 6 || len(values) != 17 {
		t.Fatalf("page has %d files and %d values", len(files), len(values))
	}
	return files, values
}

// readExample gives the example whose blocks are marked with a number, "" for the first.
func readExample(t testing.TB, number string) (files fstest.MapFS, values map[string]string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	files, values = fstest.MapFS{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```json file"+number+"=(\\S+)\n(.*?)```").FindAllSubmatch(page, -1) {
		files[string(m[1])] = &fstest.MapFile{Data: m[2]}
	}
	block := regexp.MustCompile("(?s)```text values" + number + "\n(.*?)```").FindSubmatch(page)
	for _, line := range strings.Split(strings.TrimSpace(string(block[1])), "\n") {
		name, value, _ := strings.Cut(line, " = ")
		values[name] = value
	}
	return files, values
}

func pageEvents(t testing.TB, files fs.FS) (events []Event) {
	t.Helper()
	f, err := files.Open(EventsFile)
	if err != nil {
		t.Fatal(err)
	}
	err = ReadLines(f, func(_ int, l EventLine) error {
		e, err := l.Event()
		events = append(events, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestPageBundle(t *testing.T) {
	files, _ := readPage(t)
	r, err := CheckBundle(files)
	if err != nil || len(r.Failures) > 0 {
		t.Fatal(err, r.Failures)
	}
	if r.Manifest.Count != 4 || r.HeadsTo != 4 || r.ReceiptsTo != 3 || r.Opened != 2 || r.Erased != 1 || r.Unknown != 0 {
		t.Errorf("%+v", r)
	}
}

func TestPageValues(t *testing.T) {
	files, values := readPage(t)
	events := pageEvents(t, files)
	got := map[string]string{"genesis": Genesis(events[0].TenantID, events[0].SessionID).String()}
	for _, e := range events {
		n := " " + strconv.FormatInt(e.Sequence, 10)
		got["header"+n] = hex.EncodeToString(e.Header())
		got["inner"+n] = hex.EncodeToString(SystemDigest(append(e.Salt[:], e.Payload...)))
		got["hash"+n] = e.ComputeHash().String()
	}
	chat := &events[2]
	got["aad 3 content"] = hex.EncodeToString(append(newWalker(chat.Context(), false).aad, "content"...))
	var head HeadLine
	var receipt ReceiptLine
	readFirst(t, files[HeadsFile].Data, &head)
	readFirst(t, files[ReceiptsFile].Data, &receipt)
	h, r := head.Head(), receipt.Receipt()
	got["signed head 3"] = hex.EncodeToString(h.message("ms1-head"))
	got["signed receipt 3"] = hex.EncodeToString(r.message())
	command, err := CanonicalJSON(map[string]any{
		"to": map[string]any{"audience": "all"}, "messageId": MustID("0190a7c8-5e2b-7cc0-8000-000000000200"), "content": "Why is √2 not a fraction?",
	})
	if err != nil {
		t.Fatal(err)
	}
	got["canonical command 3"] = hex.EncodeToString(CommandBytes("chat.send", command))
	for name, want := range values {
		if got[name] != want {
			t.Errorf("%s is %s, page says %s", name, got[name], want)
		}
	}
	var keys []ExportedKey
	if err := ReadStrict(files[PersonKeysFile].Data, &keys); err != nil {
		t.Fatal(err)
	}
	if want := Digest(keys[1].Secret, CommandBytes("chat.send", command)); string(chat.CommandDigest) != string(want) {
		t.Errorf("command digest is %x", want)
	}
}

// The second example was made like the first.
func TestSecondExample(t *testing.T) {
	files, values := readExample(t, "2")
	if len(files) != 6 || len(values) != 8 {
		t.Fatalf("page has %d files and %d values", len(files), len(values))
	}
	r, err := CheckBundle(files)
	if err != nil || len(r.Failures) > 0 {
		t.Fatal(err, r.Failures)
	}
	if r.Manifest.Count != 6 || r.HeadsTo != 6 || r.ReceiptsTo != 0 || r.Opened != 3 || r.Erased != 0 || r.Unknown != 1 {
		t.Errorf("%+v", r)
	}
	events := pageEvents(t, files)
	got := map[string]string{"genesis": Genesis(events[0].TenantID, events[0].SessionID).String()}
	for _, e := range events {
		got["hash "+strconv.FormatInt(e.Sequence, 10)] = e.ComputeHash().String()
	}
	got["aad 3 options.0.text"] = hex.EncodeToString(append(newWalker(events[2].Context(), false).aad, "options.0.text"...))
	for name, want := range values {
		if got[name] != want {
			t.Errorf("%s is %s, page says %s", name, got[name], want)
		}
	}
	var keys []ExportedKey
	if err := ReadStrict(files[PersonKeysFile].Data, &keys); err != nil {
		t.Fatal(err)
	}
	ring := newTestRing()
	ring.add(keys[0].KeyID, keys[0].PersonID, keys[0].Secret[0])
	if o, err := OpenEvent(&events[0], ring); !errors.Is(err, ErrNoKey) || o.Payload.(*SessionScheduled).Title.Sealed == nil {
		t.Errorf("%+v (%v)", o.Payload, err)
	}
	o, err := OpenEvent(&events[2], ring)
	if p, ok := o.Payload.(*PollStarted); err != nil || !ok || p.Prompt.V != "Clear?" || p.Options[0].Text.V != "yes" || p.Options[1].Text.V != "no" {
		t.Errorf("%+v (%v)", o.Payload, err)
	}
	if events[5].Type != TypeConsentWithdrawn || events[4].Type != TypeSessionEnded || events[3].Type != TypePollVoted {
		t.Error("the page speaks of other events")
	}
}

func readFirst(t *testing.T, lines []byte, v any) {
	t.Helper()
	line, _, _ := strings.Cut(string(lines), "\n")
	if err := ReadStrict([]byte(line), v); err != nil {
		t.Fatal(err)
	}
}

func TestPageOpens(t *testing.T) {
	files, _ := readPage(t)
	events := pageEvents(t, files)
	ring := newTestRing()
	ring.add(MustID("0190a7c8-5e2b-7cc0-8000-00000000000b"), events[2].ActorID, 32)
	ring.destroy(MustID("0190a7c8-5e2b-7cc0-8000-00000000000a"))
	for i := range events {
		o, err := OpenEvent(&events[i], ring)
		if err != nil {
			t.Fatal(err)
		}
		switch p := o.Payload.(type) {
		case *SessionScheduled:
			if !p.Title.Erased || p.Title.V != "" {
				t.Errorf("title %+v", p.Title)
			}
		case *ChatMessage:
			if p.DisplayName.V != "Ada" || p.Content.V != "Why is √2 not a fraction?" {
				t.Errorf("chat %+v", p)
			}
		}
	}
}

// Every byte that a bundle is made of matters: one changed anywhere is found.
func TestPageChangedBytesAreFound(t *testing.T) {
	files, _ := readPage(t)
	for name := range files {
		original := files[name].Data
		for i := 0; i < len(original); i += 7 {
			changed := append([]byte(nil), original...)
			changed[i] ^= 1
			files[name] = &fstest.MapFile{Data: changed}
			if name == ManifestFile && jsonSpace(changed[i]) {
				continue
			}
			if r, err := CheckBundle(files); err == nil && len(r.Failures) == 0 && !onlyTime(original, i) {
				t.Fatalf("%s: byte %d changed from %q to %q was not found", name, i, original[i], changed[i])
			}
		}
		files[name] = &fstest.MapFile{Data: original}
	}
}

func jsonSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// onlyTime tells whether a place of the manifest is in exportedAt, which nothing else knows.
func onlyTime(manifest []byte, i int) bool {
	at := strings.Index(string(manifest), `"exportedAt":`)
	return at >= 0 && i >= at+13 && i < at+13+13
}

// A forger who makes the manifest fit again is still found by the chain, the statements or the keys.
func TestPageForgeriesAreFound(t *testing.T) {
	tests := []struct {
		name, file, old, new, want string
	}{
		{"payload", EventsFile, `"eventPayload":"eyJzdGFydGVk`, `"eventPayload":"eyJzdGFydGVl`, "sequence 2: content does not match its hash"},
		{"time", EventsFile, `"createdAt":1795422602000`, `"createdAt":1795422602001`, "sequence 2: content does not match its hash"},
		{"upper-case id", EventsFile, `"sessionId":"0190a7c8`, `"sessionId":"0190A7C8`, "lower case"},
		{"unknown field", HeadsFile, `"epoch":1,`, `"epoch":1,"x":1,`, `"x" is unknown`},
		{"repeated field", HeadsFile, `"epoch":1,`, `"epoch":1,"epoch":1,`, `"epoch" comes twice`},
		{"missing field", HeadsFile, `"epoch":1,`, ``, "epoch is missing"},
		{"field in other letters", HeadsFile, `"epoch":1,`, `"Epoch":1,`, `"Epoch" is unknown`},
		{"null", ReceiptsFile, `"epoch":1,`, `"epoch":null,`, "null"},
		{"fraction", ReceiptsFile, `"epoch":1,`, `"epoch":1.0,`, "not an integer"},
		{"head of another event", HeadsFile, `"sequence":3`, `"sequence":2`, "signature is not valid"},
		{"receipt's time", ReceiptsFile, `1795422760000`, `1795422760001`, "receipt signature is not valid"},
		{"edge passes for the hub", EdgeKeysFile, `"kind":"hub","edgeId":""`, `"kind":"edge","edgeId":"0190a7c8-5e2b-7cc0-8000-000000000003"`, "no key of the hub"},
		{"another person's secret", PersonKeysFile, `"secret":"ICEi`, `"secret":"ISEi`, "content: sealed field does not open"},
		{"secret of an erased key", PersonKeysFile, `"secret":"","erased":true`, `"secret":"AA==","erased":true`, "neither"},
		{"last line not ended", EventsFile, "\"}\n", "\"}", "not ended"},
		{"CR", HeadsFile, "\"}\n", "\"}\r\n", "line 1: not of a bundle's form: a CR"},
		{"short salt", EventsFile, `"salt":"1011`, `"salt":"11`, "salt of 15 bytes"},
		{"no edge", EventsFile, `"edgeId":"0190a7c8-5e2b-7cc0-8000-000000000003"`, `"edgeId":""`, "must be there"},
		{"number as text", EventsFile, `"sequence":1,`, `"sequence":"1",`, "line 1: not of a bundle's form"},
		{"minus zero", ReceiptsFile, `"epoch":1,`, `"epoch":-0,`, "-0"},
		{"lone surrogate", EdgeKeysFile, `"kind":"edge"`, `"kind":"\ud800"`, "UTF-8"},
		{"padding bits", HeadsFile, `fSAg=="`, `fSAh=="`, "want base64"},
		{"unknown kind", EdgeKeysFile, `"kind":"edge"`, `"kind":"Edge"`, "neither one of an edge nor of the hub"},
		{"edge without edgeId", EdgeKeysFile, `"edgeId":"0190a7c8-5e2b-7cc0-8000-000000000003"`, `"edgeId":""`, "neither one of an edge nor of the hub"},
		{"hub with edgeId", EdgeKeysFile, `"edgeId":""`, `"edgeId":"0190a7c8-5e2b-7cc0-8000-000000000003"`, "neither one of an edge nor of the hub"},
		{"key twice", PersonKeysFile, `00000b"`, `00000a"`, "comes twice"},
		{"head without a key", HeadsFile, `"keyId":"34750f98-bd59-fcfc-946d-a45aaabe933b"`, `"keyId":""`, "line 1: tenant, session, edge and key must be there"},
		{"receipt without an edge", ReceiptsFile, `"edgeId":"0190a7c8-5e2b-7cc0-8000-000000000003"`, `"edgeId":""`, "line 1: tenant, session, edge and key must be there"},
		{"manifest without a tenant", ManifestFile, `"tenantId":"0190a7c8-5e2b-7cc0-8000-000000000001"`, `"tenantId":""`, "tenant and session must be there"},
		{"other version", ManifestFile, `"version":1`, `"version":2`, "version 2"},
	}
	wrong := map[string]bool{} // the others are of form
	for _, name := range []string{"payload", "time", "head of another event", "receipt's time", "another person's secret", "edge passes for the hub"} {
		wrong[name] = true
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, _ := readPage(t)
			text := string(files[test.file].Data)
			i := strings.LastIndex(text, test.old)
			if test.file != EventsFile || test.name != "last line not ended" {
				i = strings.Index(text, test.old)
			}
			if i < 0 {
				t.Fatalf("%q is not in %s", test.old, test.file)
			}
			files[test.file] = &fstest.MapFile{Data: []byte(text[:i] + test.new + text[i+len(test.old):])}
			fitManifest(t, files)
			r, err := CheckBundle(files)
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(r.Failures, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("want %q, got\n%s", test.want, all)
			}
			if r.Unreadable == wrong[test.name] {
				t.Errorf("unreadable is %v: %s", r.Unreadable, r.Failures)
			}
		})
	}
}

// fitManifest writes the manifest's sizes and sums anew.
func fitManifest(t testing.TB, files fstest.MapFS) {
	t.Helper()
	var m Manifest
	if err := ReadStrict(files[ManifestFile].Data, &m); err != nil {
		t.Fatal(err)
	}
	m.Files = nil
	for name, f := range files {
		if name != ManifestFile {
			m.Files = append(m.Files, BundleFile{Name: name, Size: int64(len(f.Data)), SHA256: Hash(SystemDigest(f.Data))})
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	files[ManifestFile] = &fstest.MapFile{Data: b}
}
