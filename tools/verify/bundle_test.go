package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var program string // the built verifier

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "verify")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "verify")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// page gives a worked example of the page: its files (tag "file" or "file2"), and the values on the way ("values", "values2").
func page(t *testing.T, number string) (files, values map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	files, values = map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?s)\n```json file"+number+"=(\\S+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		files[m[1]] = m[2]
	}
	_, block, _ := strings.Cut(string(text), "```text values"+number+"\n")
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(block) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		values[name] = value
	}
	return files, values
}

// run writes the files into a folder and runs the program on it.
func run(t *testing.T, files map[string]string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return runIn(t, dir)
}

func runIn(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// bundle is the first worked example taken apart, so that tests can damage it.
type bundle struct {
	rows     map[string][]map[string]any // by file, without the manifest
	manifest map[string]any              // what is to be otherwise in the manifest
}

func load(t *testing.T) *bundle {
	t.Helper()
	files, _ := page(t, "")
	b := &bundle{rows: map[string][]map[string]any{}, manifest: map[string]any{}}
	for name, text := range files {
		if name == "manifest.json" {
			continue
		}
		if strings.HasSuffix(name, ".ndjson") {
			text = "[" + strings.ReplaceAll(strings.TrimSpace(text), "\n", ",") + "]"
		}
		var rows []map[string]any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&rows); err != nil {
			t.Fatal(name, err)
		}
		b.rows[name] = rows
	}
	return b
}

// files writes the bundle with a fresh manifest.
func (b *bundle) files() map[string]string {
	files, listed := map[string]string{}, []any{}
	for name, rows := range b.rows {
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
		listed = append(listed, map[string]any{"name": name, "size": len(text), "sha256": sum(text)})
	}
	manifest := map[string]any{"format": "multistream-session-log", "version": 1, "tenantId": "0190a7c8-5e2b-7cc0-8000-000000000001",
		"sessionId": "0190a7c8-5e2b-7cc0-8000-000000000002", "exportedAt": 1, "count": len(b.rows["events.ndjson"]), "files": listed,
		"head": map[string]any{"epoch": 1, "sequence": 1, "hash": strings.Repeat("0", 64)}}
	if events := b.rows["events.ndjson"]; len(events) > 0 {
		last := events[len(events)-1]
		manifest["head"] = map[string]any{"epoch": last["epoch"], "sequence": last["sequence"], "hash": last["hash"]}
	}
	for name, v := range b.manifest {
		manifest[name] = v
	}
	text, _ := json.Marshal(manifest)
	files["manifest.json"] = string(text)
	return files
}

// typed gives a row as the program reads it.
func typed(row map[string]any) (o object) {
	text, _ := json.Marshal(row)
	_ = json.Unmarshal(text, &o)
	return o
}

// forge does what the owner of all keys could: new hashes, a transfer that names them, new signatures. What a case wants wrong stays wrong.
func (b *bundle) forge() {
	prev := ""
	for _, e := range b.rows["events.ndjson"] {
		if prev == "" {
			prev = e["prevHash"].(string)
		}
		if e["eventType"] == "session.transferred" {
			edit(e, `"headHash":"[0-9a-f]{64}"`, `"headHash":"`+prev+`"`)
		}
		e["prevHash"] = prev
		prev = hash(typed(e))
		e["hash"] = prev
	}
	for i, file := range []string{"heads.ndjson", "receipts.ndjson"} {
		for _, h := range b.rows[file] {
			for _, e := range b.rows["events.ndjson"] {
				if fmt.Sprint(h["sequence"]) == fmt.Sprint(e["sequence"]) {
					h["hash"], h["epoch"], h["edgeId"] = e["hash"], e["epoch"], e["edgeId"]
				}
			}
			sign(h, i == 1)
		}
	}
}

// sign signs a head or receipt with the example's key that it names (§5, §8).
func sign(h map[string]any, receipt bool) {
	o := typed(h)
	text := raw(o.TenantID) + raw(o.SessionID) + int64s(o.Epoch) + int64s(o.Sequence) + raw(o.Hash) + raw(o.EdgeID) + raw(o.KeyID)
	if text = "ms1-head" + text; receipt {
		text = "ms1-receipt" + strings.TrimPrefix(text, "ms1-head") + int64s(o.ReceivedAt)
	}
	seed := map[string]byte{"34750f98": 1, "6a3803d5": 2, "b62e867f": 3}[o.KeyID[:8]]
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	h["signature"] = base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// edit replaces in an event's payload.
func edit(e map[string]any, pattern, with string) {
	text, _ := base64.StdEncoding.DecodeString(e["eventPayload"].(string))
	e["eventPayload"] = base64.StdEncoding.EncodeToString(regexp.MustCompile(pattern).ReplaceAll(text, []byte(with)))
}

// flip changes one hex digit, or one bit of base64 bytes.
func flip(row map[string]any, field string) {
	s := row[field].(string)
	if text, err := base64.StdEncoding.DecodeString(s); strings.Contains("eventPayload signature", field) && err == nil {
		text[3] ^= 1
		row[field] = base64.StdEncoding.EncodeToString(text)
		return
	}
	row[field] = s[:len(s)-1] + map[bool]string{true: "1", false: "0"}[s[len(s)-1] == '0']
}
