package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The worked example of the page, taken apart so that tests can damage it.
type example struct {
	rows map[string][]map[string]any // by file, without the manifest
}

func page(t *testing.T) (files map[string]string, values map[string]string) {
	raw, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	files, values = map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?s)\n```json file=(\\S+)\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		files[m[1]] = m[2]
	}
	_, block, _ := strings.Cut(string(raw), "```text values\n")
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(block) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		values[name] = value
	}
	return files, values
}

func run(t *testing.T, files map[string]string) (int, string) {
	dir, out := t.TempDir(), &bytes.Buffer{}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code := verify(dir, out)
	return code, out.String()
}

func load(t *testing.T) *example {
	files, _ := page(t)
	x := &example{rows: map[string][]map[string]any{}}
	for name, text := range files {
		for name != "manifest.json" && text != "" {
			var rows []map[string]any
			if strings.HasSuffix(name, ".ndjson") {
				text = "[" + strings.ReplaceAll(strings.TrimSpace(text), "\n", ",") + "]"
			}
			dec := json.NewDecoder(strings.NewReader(text))
			dec.UseNumber()
			if err := dec.Decode(&rows); err != nil {
				t.Fatal(name, err)
			}
			x.rows[name], text = rows, ""
		}
	}
	return x
}

// files writes the bundle again, with a fresh manifest.
func (x *example) files() map[string]string {
	files, listed := map[string]string{}, []any{}
	for name, rows := range x.rows {
		all, _ := json.Marshal(rows)
		text := string(all) + "\n"
		if strings.HasSuffix(name, ".ndjson") {
			text = ""
			for _, row := range rows {
				line, _ := json.Marshal(row)
				text += string(line) + "\n"
			}
		}
		files[name] = text
		listed = append(listed, map[string]any{"name": name, "size": len(text), "sha256": hex.EncodeToString(sum([]byte(text)))})
	}
	ev := x.rows["events.ndjson"]
	last := ev[len(ev)-1]
	m, _ := json.Marshal(map[string]any{"format": "multistream-session-log", "version": 1, "tenantId": "0190a7c8-5e2b-7cc0-8000-000000000001",
		"sessionId": "0190a7c8-5e2b-7cc0-8000-000000000002", "exportedAt": 1, "count": len(ev), "files": listed,
		"head": map[string]any{"epoch": last["epoch"], "sequence": last["sequence"], "hash": last["hash"]}})
	files["manifest.json"] = string(m)
	return files
}

// forge does what the owner of all keys could: new hashes, a matching transfer, new signatures.
func (x *example) forge() {
	prev := ""
	for i, e := range x.rows["events.ndjson"] {
		if prev == "" {
			prev = e["prevHash"].(string)
		}
		if e["eventType"] == "session.transferred" {
			edit(e, `"headHash":"[0-9a-f]*"`, `"headHash":"`+prev+`"`)
		}
		e["prevHash"] = prev
		raw, _ := json.Marshal(e)
		prev = hex.EncodeToString(eventHash(decode(fmt.Sprint("line ", i+1), raw, eventSpec)))
		e["hash"] = prev
	}
	for file, tag := range map[string]string{"heads.ndjson": "ms1-head", "receipts.ndjson": "ms1-receipt"} {
		spec := map[string]string{"heads.ndjson": headSpec, "receipts.ndjson": headSpec + " receivedAt:int"}[file]
		for _, h := range x.rows[file] {
			for _, e := range x.rows["events.ndjson"] {
				if fmt.Sprint(h["sequence"]) == fmt.Sprint(e["sequence"]) {
					h["hash"], h["epoch"], h["edgeId"] = e["hash"], e["epoch"], e["edgeId"]
				}
			}
			raw, _ := json.Marshal(h)
			seed := map[string]byte{"34750f98": 1, "6a3803d5": 2, "b62e867f": 3}[h["keyId"].(string)[:8]]
			key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
			message := append([]byte(tag), decode(file, raw, spec).columns(false, position+" keyId receivedAt")...)
			h["signature"] = base64.StdEncoding.EncodeToString(ed25519.Sign(key, message))
		}
	}
}

// edit replaces in an event's payload.
func edit(e map[string]any, pattern, with string) {
	raw, _ := base64.StdEncoding.DecodeString(e["eventPayload"].(string))
	e["eventPayload"] = base64.StdEncoding.EncodeToString(regexp.MustCompile(pattern).ReplaceAll(raw, []byte(with)))
}

// flip changes one hex digit, or one bit of base64 bytes.
func flip(row map[string]any, field string) {
	s := row[field].(string)
	if raw, err := base64.StdEncoding.DecodeString(s); strings.Contains("eventPayload signature", field) && err == nil {
		raw[3] ^= 1
		row[field] = base64.StdEncoding.EncodeToString(raw)
		return
	}
	row[field] = s[:len(s)-1] + map[bool]string{true: "1", false: "0"}[s[len(s)-1] == '0']
}

func TestWorkedExample(t *testing.T) {
	files, values := page(t)
	code, out := run(t, files)
	if want := "ok: 4 events, epochs 1 2, head 2.4 " + values["hash 4"] + ", 2 heads, 1 receipts verified (heads up to 4, receipts up to 3; " +
		"0 superseded; fields: 2 opened, 1 erased, 0 unknown)\n"; code != 0 || out != want {
		t.Fatalf("%d %s", code, out)
	}
	check := func(name string, got []byte) {
		if values[name] != hex.EncodeToString(got) {
			t.Errorf("%s is %x, not %s", name, got, values[name])
		}
	}
	events := lines("events.ndjson", []byte(files["events.ndjson"]), eventSpec)
	check("genesis", sum([]byte("ms1"), events[0].columns(false, "tenantId sessionId")))
	for i, e := range events {
		check(fmt.Sprint("header ", i+1), e.columns(true, header))
		check(fmt.Sprint("inner ", i+1), sum(e.columns(false, "salt eventPayload")))
		check(fmt.Sprint("hash ", i+1), eventHash(e))
	}
	check("aad 3 content", append(events[2].columns(false, "tenantId sessionId id"), "content"...))
	head := lines("heads.ndjson", []byte(files["heads.ndjson"]), headSpec)[0]
	check("signed head 3", append([]byte("ms1-head"), head.columns(false, position+" keyId")...))
	receipt := lines("receipts.ndjson", []byte(files["receipts.ndjson"]), headSpec+" receivedAt:int")[0]
	check("signed receipt 3", append([]byte("ms1-receipt"), receipt.columns(false, position+" keyId receivedAt")...))
	x := load(t)
	x.forge()
	if code, out := run(t, x.files()); code != 0 || !strings.Contains(out, values["hash 4"]) {
		t.Errorf("written again unchanged: %d %s", code, out)
	}
}

func TestTypesOfThePage(t *testing.T) {
	raw, _ := os.ReadFile("../../docs/events.md")
	_, table, _ := strings.Cut(string(raw), "<!-- types:begin")
	listed := " "
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.]+)`( \\(after the end\\))? \\|").FindAllStringSubmatch(table, -1) {
		if m[2] == "" {
			listed += m[1] + " "
		}
	}
	if listed != beforeEnd {
		t.Errorf("types not marked \"after the end\" on the page:\n%s\nin the verifier:\n%s", listed, beforeEnd)
	}
}

func TestDamage(t *testing.T) {
	const hash = "hash is not that of this"
	type rows = []map[string]any
	num := func(n int) json.Number { return json.Number(fmt.Sprint(n)) }
	flipped := func(seq int, field string) func(*example) {
		return func(x *example) { flip(x.rows["events.ndjson"][seq-1], field) }
	}
	set := func(file string, i int, field string, v any) func(*example) {
		return func(x *example) { x.rows[file][i][field] = v }
	}
	payload := func(seq int, pattern, with string) func(*example) {
		return func(x *example) { edit(x.rows["events.ndjson"][seq-1], pattern, with) }
	}
	order := func(seqs ...int) func(*example) {
		return func(x *example) {
			var out rows
			for _, s := range seqs {
				out = append(out, x.rows["events.ndjson"][s-1])
			}
			x.rows["events.ndjson"] = out
		}
	}
	other := "0190a7c8-5e2b-7cc0-8000-000000000999"
	const ev = "events.ndjson"
	for name, c := range map[string]struct {
		damage func(*example)
		forge  bool // new hashes and signatures after the damage
		code   int
		want   string // all of these, separated by |; the first must be what the output begins with
	}{
		"payload bit":        {flipped(2, "eventPayload"), false, 1, "bad: sequence 2 |" + hash},
		"salt":               {flipped(2, "salt"), false, 1, "bad: sequence 2 |" + hash},
		"hash":               {flipped(2, "hash"), false, 1, "bad: sequence 2 |" + hash + "|sequence 3 (events.ndjson line 3): prevHash"},
		"last hash":          {flipped(4, "hash"), false, 1, "bad: sequence 4 |" + hash + "|no such event"},
		"prevHash":           {flipped(3, "prevHash"), false, 1, "bad: sequence 3 |prevHash is not|" + hash},
		"genesis":            {flipped(1, "prevHash"), true, 1, "bad: sequence 1 |genesis"},
		"id":                 {flipped(3, "id"), false, 1, "bad: sequence 3 |" + hash + "|field content does not open"},
		"tenant":             {set(ev, 2, "tenantId", other), false, 1, "bad: sequence 3 |tenantId or sessionId is not the manifest's"},
		"session":            {set(ev, 2, "sessionId", other), true, 1, "bad: sequence 3 |tenantId or sessionId is not the manifest's"},
		"actor":              {set(ev, 2, "actorId", other), false, 1, "bad: sequence 3 |" + hash},
		"no actor":           {set(ev, 2, "actorId", ""), false, 1, "bad: sequence 3 |" + hash},
		"edge":               {set(ev, 2, "edgeId", other), false, 1, "bad: sequence 3 |edgeId changes|" + hash},
		"version":            {set(ev, 2, "schemaVersion", num(2)), false, 1, "bad: sequence 3 |" + hash},
		"version 0":          {set(ev, 2, "schemaVersion", num(0)), true, 1, "bad: sequence 3 |schemaVersion is 0"},
		"type":               {set(ev, 2, "eventType", "chat.massage"), false, 1, "bad: sequence 3 |" + hash},
		"type form":          {set(ev, 2, "eventType", "chat..message"), true, 1, "bad: sequence 3 |badly formed"},
		"key":                {set(ev, 2, "idempotencyKey", "msg-2#1"), false, 1, "bad: sequence 3 |" + hash},
		"key form":           {set(ev, 2, "idempotencyKey", "msg-1#01"), true, 1, "bad: sequence 3 |does not end in #"},
		"digest":             {flipped(3, "commandDigest"), false, 1, "bad: sequence 3 |" + hash},
		"no digest":          {set(ev, 2, "commandDigest", ""), false, 1, "bad: sequence 3 |" + hash},
		"short digest":       {set(ev, 2, "commandDigest", "00"), true, 1, "bad: sequence 3 |commandDigest has 1 bytes"},
		"later":              {set(ev, 2, "createdAt", num(1795422755251)), false, 1, "bad: sequence 3 |" + hash},
		"back-dated":         {set(ev, 2, "createdAt", num(1795422601999)), true, 1, "bad: sequence 3 |createdAt goes back by 1 ms"},
		"drop":               {order(1, 3, 4), false, 1, "bad: sequence 3 |stands after sequence 1"},
		"drop the first":     {order(2, 3, 4), false, 1, "bad: sequence 2 |the first event is a session.started"},
		"cut the end":        {order(1, 2, 3), false, 1, "bad: sequence 4 (heads.ndjson line 2)|validly signed, but no such event"},
		"swap":               {order(1, 3, 2, 4), false, 1, "bad: sequence 3 |stands after sequence 1"},
		"duplicate":          {order(1, 2, 2, 3, 4), false, 1, "bad: sequence 2 (events.ndjson line 3)|stands after sequence 2|id is there twice|idempotencyKey \"start-1#1\""},
		"same key":           {func(x *example) { x.rows[ev][1]["idempotencyKey"] = "plan-1#1" }, true, 1, "bad: sequence 2 |idempotencyKey \"plan-1#1\" of this actor"},
		"epoch moved":        {set(ev, 2, "epoch", num(2)), true, 1, "bad: sequence 3 |epoch 2 after 1 without|sequence 4 (events.ndjson line 4): a session.transferred does not raise"},
		"transfer elsewhere": {payload(4, `"headSequence":3`, `"headSequence":2`), true, 1, "bad: sequence 4 |fromEpoch, toEpoch"},
		"transfer in text":   {payload(4, `"fromEpoch":1`, `"fromEpoch":"1"`), true, 1, "bad: sequence 4 |fromEpoch, toEpoch"},
		"fraction":           {payload(2, `^{`, `{"n":1.5,`), true, 1, "bad: sequence 2 |eventPayload"},
		"NUL":                {payload(2, `^{`, `{"n":"\u0000",`), true, 1, "bad: sequence 2 |eventPayload"},
		"lone surrogate":     {payload(2, `^{`, `{"n":"\ud83d\\ude00",`), true, 1, "bad: sequence 2 |eventPayload"},
		"surrogate pair":     {payload(2, `^{`, `{"n":"\ud83d\ude00",`), true, 0, "ok: 4 events"},
		"after the end":      {set(ev, 1, "eventType", "session.ended"), true, 1, "bad: sequence 3 |chat.message after session.ended"},
		"left after the end": {func(x *example) {
			x.rows[ev][1]["eventType"], x.rows[ev][2]["eventType"] = "session.ended", "participant.left"
		}, true, 0, "ok: "},
		"unknown type":       {set(ev, 2, "eventType", "x.y"), true, 0, "ok: 4 events"},
		"sealed elsewhere":   {payload(3, `"content"`, `"contents"`), true, 1, "bad: sequence 3 |field contents does not open"},
		"sealed swapped":     {payload(3, `"displayName":(\{[^}]*\}),"content":(\{[^}]*\})`, `"displayName":$2,"content":$1`), true, 1, "bad: sequence 3 |field displayName|field content"},
		"wrong person key":   {set("person-keys.json", 1, "secret", strings.Repeat("A", 43)+"="), false, 1, "bad: sequence 3 |does not open"},
		"absent person key":  {func(x *example) { x.rows["person-keys.json"] = x.rows["person-keys.json"][:1] }, false, 0, "ok: |0 opened, 1 erased, 2 unknown"},
		"no person keys":     {func(x *example) { delete(x.rows, "person-keys.json") }, false, 0, "ok: |0 opened"},
		"head signature":     {func(x *example) { flip(x.rows["heads.ndjson"][0], "signature") }, false, 1, "bad: sequence 3 (heads.ndjson line 1)|signature"},
		"receipt signature":  {func(x *example) { flip(x.rows["receipts.ndjson"][0], "signature") }, false, 1, "bad: sequence 3 (receipts.ndjson line 1)|signature"},
		"receivedAt":         {set("receipts.ndjson", 0, "receivedAt", num(1)), false, 1, "bad: sequence 3 (receipts.ndjson line 1)|signature"},
		"head of other edge": {set("heads.ndjson", 0, "keyId", "6a3803d5-f059-902a-1c6d-afbc9ba47292"), false, 1, "bad: sequence 3 (heads.ndjson line 1)|keyId is no key"},
		"public key":         {set("edge-keys.json", 0, "publicKey", strings.Repeat("A", 43)+"="), false, 1, "bad: edge-keys.json|is not that of its publicKey"},
		"superseded":         {func(x *example) { x.rows["superseded.ndjson"] = rows{x.rows[ev][3]} }, false, 0, "ok: |1 superseded"},
		"superseded hash": {func(x *example) {
			row := clone(x.rows[ev][2])
			flip(row, "salt")
			x.rows["superseded.ndjson"] = rows{row}
		}, false, 1,
			"bad: sequence 3 (superseded.ndjson line 1)|" + hash},
		"missing field":    {func(x *example) { delete(x.rows[ev][1], "salt") }, false, 2, "unreadable: events.ndjson line 2: field salt is missing"},
		"unknown field":    {set(ev, 1, "Salt", ""), false, 2, `unreadable: events.ndjson line 2: field "Salt" is unknown`},
		"upper-case":       {set(ev, 1, "hash", strings.Repeat("A", 64)), false, 2, "unreadable: events.ndjson line 2: field hash is not hex32"},
		"number in text":   {set(ev, 1, "epoch", "1"), false, 2, "unreadable: events.ndjson line 2: field epoch is not int"},
		"base64 in 2 ways": {set("person-keys.json", 1, "secret", strings.Repeat("A", 42)+"B="), false, 2, "unreadable: person-keys.json item 2: field secret is not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			x := load(t)
			c.damage(x)
			if c.forge {
				x.forge()
			}
			code, out := run(t, x.files())
			want := strings.Split(c.want, "|")
			for _, w := range want {
				if !strings.Contains(out, w) || !strings.HasPrefix(out, want[0]) || code != c.code {
					t.Fatalf("exit %d, want %d and %q:\n%s", code, c.code, c.want, out)
				}
			}
		})
	}
}

func clone(row map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range row {
		out[k] = v
	}
	return out
}

func TestFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       string
	}{
		"sha256":          {"heads.ndjson", "", "bad: manifest.json: size or sha256 of heads.ndjson"},
		"other file":      {"notes.txt", "x", "unreadable: notes.txt"},
		"not listed":      {"superseded.ndjson", "", "bad: manifest.json: file superseded.ndjson is not listed"},
		"no LF":           {"heads.ndjson", "{}", "unreadable: heads.ndjson: the last line"},
		"empty line":      {"heads.ndjson", "\n", "unreadable: heads.ndjson line 1"},
		"field twice":     {"edge-keys.json", `[{"keyId":"","keyId":""}]`, `unreadable: edge-keys.json item 1: field "keyId" is there twice`},
		"other format":    {"manifest.json", `{}`, "unreadable: manifest.json: field format is missing"},
		"byte order mark": {"manifest.json", "\ufeff{}", "unreadable: manifest.json: not one JSON object"},
	} {
		files, _ := page(t)
		files[c.file] = c.text
		if code, out := run(t, files); code == 0 || !strings.HasPrefix(out, c.want) {
			t.Errorf("%s: %d %s", name, code, out)
		}
	}
}
