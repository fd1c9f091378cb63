// Command verify checks the folder of an exported class. It is written from docs/events.md alone (§ and rules are that page's) and shares no code
// with the product. Exit code: 0 all is well, 1 something is wrong, 2 something is unreadable. What it does not check stands at the end of §7.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var ( // forms: the files that every bundle has, and what json.Marshal, which sorts names, makes of each, or of its lines if it is .ndjson (§6)
	forms = [][2]string{{"manifest.json", `{"count":INT,"exportedAt":INT,"files":\[({"name":TEXT,"sha256":HASH,"size":INT},?)*\],` +
		`"format":"multistream-session-log","head":{"epoch":INT,"hash":HASH,"sequence":INT},"sessionId":ID,"tenantId":ID,"version":1}`},
		{"events.ndjson", `{"actorId":(ID|""),"commandDigest":(HASH|""),"createdAt":INT,"edgeId":ID,"epoch":INT,"eventPayload":BASE64,"eventType":TEXT,"hash":HASH,` +
			`"id":ID,"idempotencyKey":TEXT,"prevHash":HASH,"salt":"[0-9a-f]{32}","schemaVersion":INT,"sequence":INT,"sessionId":ID,"tenantId":ID}`},
		{"heads.ndjson", `{"edgeId":ID,"epoch":INT,"hash":HASH,"keyId":ID,"sequence":INT,"sessionId":ID,"signature":BASE64,"tenantId":ID}`},
		{"receipts.ndjson", `{"edgeId":ID,"epoch":INT,"hash":HASH,"keyId":ID,"receivedAt":INT,"sequence":INT,"sessionId":ID,"signature":BASE64,"tenantId":ID}`},
		{"edge-keys.json", `\[({"edgeId":(ID,"keyId":ID,"kind":"edge"|"","keyId":ID,"kind":"hub"),"publicKey":KEY},?)*\]`}}
	kinds = strings.NewReplacer("ID", `"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`, "HASH", `"[0-9a-f]{64}"`, "INT", `-?[0-9]+`, "TEXT", `"([^"\\]|\\.)*"`,
		"KEY", `"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="`, "BASE64", `"[A-Za-z0-9+/]*([AQgw]==|[AEIMQUYcgkosw048]=)?"`)
	names    = strings.Fields("manifest.json events.ndjson heads.ndjson receipts.ndjson edge-keys.json superseded.ndjson person-keys.json")
	afterEnd = strings.Fields("recording.finalized recording.failed participant.left destination.stopped consent.withdrawn session.archived session.transferred")
	keyForm  = regexp.MustCompile(`^[ -~]{1,128}#[1-9][0-9]{0,8}$`)
	typeForm = regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`)
	scalar   = regexp.MustCompile(`"([^"\\]|\\.)*"|-?[0-9][^],}\s]*`)          // texts, names and numbers of JSON
	escapes  = regexp.MustCompile(`\\[^u]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..`) // harmless ones, and pairs of surrogates
	never    = regexp.MustCompile(`\\u(0000|[dD][89a-fA-F])`)                  // U+0000 and what is left of surrogates
	noID     = regexp.MustCompile(`"0{8}(-0{4}){3}-0{12}"`)
	code     int
)

type object struct { // the fields of §6 that are asked for below
	ID, TenantID, SessionID, EventType, ActorID, EdgeID, IdempotencyKey, CommandDigest, Salt, PrevHash, Hash, KeyID, Kind string
	Epoch, Sequence, SchemaVersion, CreatedAt, ReceivedAt                                                                 int64
	EventPayload, Signature, PublicKey                                                                                    []byte
}

func sum(s string) string     { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
func raw(s string) (b string) { _, _ = fmt.Sscanf(strings.ReplaceAll(s, "-", ""), "%x", &b); return b }
func int64s(n int64) string   { return raw(fmt.Sprintf("%016x", uint64(n))) }
func col(s string) string     { return raw(fmt.Sprintf("%08x", len(s))) + s }
func place(e object) string   { return fmt.Sprint(e.Epoch, e.Sequence, e.Hash, e.EdgeID) }

func want(ok bool, level int, format string, args ...any) { // level 1 is wrong, 2 unreadable
	if !ok {
		fmt.Printf([]string{"", "bad: ", "unreadable: "}[level]+format+"\n", args...)
		code = max(code, level)
	}
}

// parse reads JSON, and gives it also as json.Marshal writes it; it is ok if it keeps what §1 asks of payloads and §6 of files.
func parse(text string) (v any, sorted string, ok bool) {
	ok = strings.ToValidUTF8(text, "") == text && json.Unmarshal([]byte(text), &v) == nil && !never.MatchString(escapes.ReplaceAllString(text, ""))
	again, _ := json.Marshal(v)
	scalars := scalar.FindAllString(text, -1)
	for _, s := range scalars {
		n, _ := json.Number(s).Int64()
		ok = ok && (s[0] == '"' || s == fmt.Sprint(n) && max(n, -n) < 1<<53)
	}
	return v, string(again), ok && len(scalars) == len(scalar.FindAllString(string(again), -1)) // of a name that is there twice Unmarshal keeps one
}

func hash(e object) string { // §2
	header := col(raw(e.ID)) + col(raw(e.TenantID)) + col(raw(e.SessionID)) + col(int64s(e.Epoch)) + col(int64s(e.Sequence)) + col(e.EventType) +
		col(int64s(e.SchemaVersion)) + col(raw(e.ActorID)) + col(raw(e.EdgeID)) + col(int64s(e.CreatedAt)) + col(e.IdempotencyKey) + col(raw(e.CommandDigest))
	return sum("ms1" + raw(e.PrevHash) + header + raw(sum(raw(e.Salt)+string(e.EventPayload))))
}

func main() {
	folder, rows, sorted := strings.Join(os.Args[1:], " "), map[string][]object{}, map[string]string{}
	for _, f := range forms {
		text, err := os.ReadFile(folder + "/" + f[0])
		want(err == nil, 2, "%v", err)
		form, lines, isLines := regexp.MustCompile("^"+kinds.Replace(f[1])+"$"), []string{string(text)}, strings.HasSuffix(f[0], ".ndjson")
		if isLines {
			lines = slices.Collect(strings.Lines(string(text)))
		}
		for i, line := range lines {
			var list []object
			_, text, ok := parse(line)
			ok = ok && (!isLines || len(line) <= 2<<20+1 && strings.HasSuffix(line, "\n") && !strings.Contains(line, "\r"))
			err := json.Unmarshal([]byte("["+strings.Trim(text, "[]")+"]"), &list)
			want(ok && err == nil && form.MatchString(text) && !noID.MatchString(text), 2, "%s line %d has not the form of §6", f[0], i+1)
			rows[f[0]], sorted[f[0]] = append(rows[f[0]], list...), text
		}
	}
	if code > 0 {
		os.Exit(code)
	}
	manifest, m, seen, keys, upTo := sorted["manifest.json"], rows["manifest.json"][0], map[string]bool{}, map[string]object{}, map[string]int64{}
	p, epochs := object{Epoch: 1, Hash: sum("ms1" + raw(m.TenantID+m.SessionID))}, []int64{} // p is the event before e, at first the genesis
	for i, e := range rows["events.ndjson"] {
		payload, written, ok := parse(string(e.EventPayload))
		f, _ := payload.(map[string]any)
		says := [4]any{f["fromEpoch"], f["toEpoch"], f["headSequence"], f["headHash"]} == [4]any{float64(p.Epoch), float64(e.Epoch), float64(p.Sequence), p.Hash}
		moved, ended := e.EventType == "session.transferred", seen["session.ended"] || seen["session.cancelled"]
		for rule, kept := range []bool{true,
			i > 0 || e.Epoch == 1 && e.EventType == "session.scheduled",
			e.Sequence == p.Sequence+1 && e.TenantID == m.TenantID && e.SessionID == m.SessionID,
			e.PrevHash == p.Hash && e.Hash == hash(e),
			i == 0 || e.CreatedAt >= p.CreatedAt,
			i == 0 || moved && e.Epoch > p.Epoch && says || !moved && e.Epoch == p.Epoch && e.EdgeID == p.EdgeID,
			!seen[e.ID] && !seen[e.ActorID+" "+e.IdempotencyKey],
			keyForm.MatchString(e.IdempotencyKey),
			typeForm.MatchString(e.EventType) && len(e.EventType) <= 64 && min(e.Epoch, e.Sequence, e.SchemaVersion) >= 1 && e.CreatedAt >= 0,
			(!ended || slices.Contains(afterEnd, e.EventType)) && !(e.EventType == "session.archived" && seen["session.archived"]),
			ok && strings.HasPrefix(written, "{") && len(e.EventPayload) <= 1<<20,
		} {
			want(kept, 1, "sequence %d (events.ndjson line %d) breaks rule %d of §3", e.Sequence, i+1, rule)
		}
		seen[e.ID], seen[e.ActorID+" "+e.IdempotencyKey], seen[e.EventType], seen[place(e)] = true, true, true, true
		p, epochs = e, append(epochs, e.Epoch)
	}
	end := fmt.Sprintf(`"head":{"epoch":%d,"hash":"%s","sequence":%d}`, p.Epoch, p.Hash, p.Sequence)
	want(len(epochs) > 0 && strings.Contains(manifest, fmt.Sprintf(`{"count":%d,`, len(epochs))) && strings.Contains(manifest, end), 1, "manifest.json: count or head")
	for _, k := range rows["edge-keys.json"] {
		want(keys[k.KeyID].KeyID == "" && raw(k.KeyID) == raw(sum(string(k.PublicKey)))[:16], 1, "edge-keys.json: keyId %s comes twice or is not its publicKey's", k.KeyID)
		keys[k.KeyID] = k
	}
	for _, f := range [][2]string{{"heads.ndjson", "edge"}, {"receipts.ndjson", "hub"}} {
		for i, h := range rows[f[0]] {
			statement, k := raw(h.TenantID+h.SessionID)+int64s(h.Epoch)+int64s(h.Sequence)+raw(h.Hash+h.EdgeID+h.KeyID), keys[h.KeyID]
			signed := map[string]string{"edge": "ms1-head" + statement, "hub": "ms1-receipt" + statement + int64s(h.ReceivedAt)}[f[1]]
			valid := k.Kind == f[1] && (k.Kind == "hub" || k.EdgeID == h.EdgeID) && ed25519.Verify(k.PublicKey, []byte(signed), h.Signature)
			want(valid, 1, "sequence %d (%s line %d): not signed with a key of this %s in edge-keys.json", h.Sequence, f[0], i+1, f[1])
			there := seen[place(h)] && h.TenantID == m.TenantID && h.SessionID == m.SessionID
			want(!valid || there, 1, "sequence %d (%s line %d): validly signed, but no such event: the log was changed or cut", h.Sequence, f[0], i+1)
			upTo[f[1]] = max(upTo[f[1]], h.Sequence)
		}
	}
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		text, err := os.ReadFile(folder + "/" + entry.Name())
		want(err == nil && entry.Type().IsRegular() && slices.Contains(names, entry.Name()), 2, "%s is no file of a bundle", entry.Name())
		want(entry.Name() != "superseded.ndjson" || len(text) == 0, 2, "superseded.ndjson has rows, which this program does not check")
		listed := fmt.Sprintf(`{"name":"%s","sha256":"%s","size":%d}`, entry.Name(), sum(string(text)), len(text))
		want(strings.Contains(manifest, listed) || entry.Name() == "manifest.json", 1, "manifest.json: size or sha256 of %s", entry.Name())
	}
	want(strings.Count(manifest, `"sha256":`) == len(entries)-1, 1, "manifest.json lists other files than these")
	if code == 0 {
		fmt.Printf("ok: %d events, epochs %s, head %d.%d %s, %d heads, %d receipts verified (heads up to %d, receipts up to %d)\n", len(epochs), strings.Trim(
			fmt.Sprint(slices.Compact(epochs)), "[]"), p.Epoch, p.Sequence, p.Hash, len(rows["heads.ndjson"]), len(rows["receipts.ndjson"]), upTo["edge"], upTo["hub"])
	}
	os.Exit(code)
}
