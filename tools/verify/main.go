// Command verify checks exported class bundles. Written from docs/events.md alone (§ and rule numbers are that page's), it shares
// no code with the program that writes them. Exit: 0 all is well, 1 something is wrong, 2 something can't be read. A .tar.gz is unpacked first.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: verify BUNDLE_DIR ...")
		os.Exit(2)
	}
	code := 0
	for _, dir := range os.Args[1:] {
		code = max(code, verify(dir, os.Stdout))
	}
	os.Exit(code)
}

// verify checks one bundle, which is one session, and writes one line, or one for each thing that is wrong, the first bad sequence first.
func verify(dir string, out io.Writer) (code int) {
	c := &checker{fields: map[string]int{}}
	defer func() {
		for _, p := range c.problems {
			fmt.Fprintf(out, "bad: %s\n", p)
			code = 1
		}
		if r := recover(); r != nil {
			u, ok := r.(unreadable)
			if !ok {
				panic(r)
			}
			fmt.Fprintf(out, "unreadable: %s\n", string(u))
			code = 2
		}
	}()
	ok := c.bundle(readFolder(dir))
	if len(c.problems) == 0 {
		fmt.Fprintln(out, ok)
	}
	return 0
}

// bundle is the whole check of §7; the line that it returns counts only without problems.
func (c *checker) bundle(files map[string][]byte) string {
	m := decode("manifest.json", files["manifest.json"],
		"format:text version:int tenantId:id sessionId:id exportedAt:int count:int head:raw files:raw")
	must(m["format"] == "multistream-session-log", "manifest.json: field format is %q", m["format"])
	must(m.num("version") == 1, "manifest.json: field version is %d", m.num("version"))
	c.id = m.columns(false, "tenantId sessionId")
	events := lines("events.ndjson", files["events.ndjson"], eventSpec)
	keys := list("edge-keys.json", files["edge-keys.json"], "keyId:id kind:text edgeId:id? publicKey:base64")
	heads := lines("heads.ndjson", files["heads.ndjson"], headSpec)
	receipts := lines("receipts.ndjson", files["receipts.ndjson"], headSpec+" receivedAt:int")
	superseded := lines("superseded.ndjson", files["superseded.ndjson"], eventSpec)
	if raw, there := files["person-keys.json"]; there {
		c.readPersons(raw)
	}

	var last record
	epochs, known, seen := []string{}, map[string]bool{}, map[string]bool{}
	for i, e := range events {
		c.event(i, e, last, seen)
		if epoch := fmt.Sprint(e.num("epoch")); !slices.Contains(epochs, epoch) {
			epochs = append(epochs, epoch)
		}
		last, known[string(e.columns(false, position))] = e, true
	}
	c.checkSuperseded(superseded, events, known)
	c.checkKeys(keys)
	headsTo := c.signed("heads.ndjson", "ms1-head", "edge", heads, keys, known)
	receiptsTo := c.signed("receipts.ndjson", "ms1-receipt", "hub", receipts, keys, known)

	head := decode("manifest.json head", m["head"].(json.RawMessage), "epoch:int sequence:int hash:hex32")
	c.want(len(events) > 0 && m.num("count") == int64(len(events)), "manifest.json: count is %d, but there are %d events", m.num("count"), len(events))
	at := "epoch sequence hash"
	c.want(bytes.Equal(head.columns(false, at), last.columns(false, at)), "manifest.json: head is not the last event")
	c.checkFiles(files, list("manifest.json files", m["files"].(json.RawMessage), "name:text size:int sha256:hex32"))
	return fmt.Sprintf("ok: %d events, epochs %s, head %d.%d %x, %d heads, %d receipts verified (heads up to %d, receipts up to %d; "+
		"%d superseded; fields: %d opened, %d erased, %d unknown)", len(events), strings.Join(epochs, " "), last.num("epoch"), last.num("sequence"),
		last.bytes("hash"), len(heads), len(receipts), headsTo, receiptsTo, len(superseded), c.fields["opened"], c.fields["erased"], c.fields["unknown"])
}

func (c *checker) readPersons(raw []byte) {
	c.persons = map[string]record{}
	for _, k := range list("person-keys.json", raw, "keyId:id personId:id secret:base64 erased:bool") {
		id, n := idText(k.bytes("keyId")), len(k.bytes("secret"))
		c.want(c.persons[id] == nil, "person-keys.json: keyId %s is there twice", id)
		must(n == 32 && k["erased"] == false || n == 0 && k["erased"] == true, "person-keys.json: field secret of %s has %d bytes", id, n)
		c.persons[id] = k
	}
}

// checkSuperseded is §7.6; it adds the rows to known, as false: not canonical.
func (c *checker) checkSuperseded(rows, events []record, known map[string]bool) {
	next := map[string]int64{string(c.genesis()): 1} // prevHash → sequence that must follow
	for _, e := range events {
		next[string(e.bytes("hash"))] = e.num("sequence") + 1
	}
	for i, e := range rows {
		at := fmt.Sprintf("sequence %d (superseded.ndjson line %d): ", e.num("sequence"), i+1)
		seq, there := next[string(e.bytes("prevHash"))]
		c.want(bytes.Equal(e.columns(false, "tenantId sessionId"), c.id), "%stenantId or sessionId is not the manifest's", at)
		c.want(bytes.Equal(e.bytes("hash"), eventHash(e)), "%shash is not that of this salt, payload, header and prevHash", at)
		c.want(there, "%sprevHash is no event's before", at)
		c.want(!there || seq == e.num("sequence"), "%sis not one more than the sequence before, %d", at, seq-1)
		c.want(goodPayload(e.bytes("eventPayload")), "%seventPayload is not an object as §1 says", at)
		next[string(e.bytes("hash"))] = e.num("sequence") + 1
		if k := string(e.columns(false, position)); !known[k] {
			known[k] = false
		}
	}
}

func (c *checker) checkKeys(keys []record) { // §7.3
	seen := map[string]bool{}
	for _, k := range keys {
		id := idText(k.bytes("keyId"))
		c.want(!seen[id], "edge-keys.json: keyId %s is there twice", id)
		c.want(k["kind"] == "edge" && len(k.bytes("edgeId")) == 16 || k["kind"] == "hub" && len(k.bytes("edgeId")) == 0, "edge-keys.json: kind or edgeId of %s", id)
		must(len(k.bytes("publicKey")) == 32, "edge-keys.json: field publicKey of %s has %d bytes", id, len(k.bytes("publicKey")))
		c.want(bytes.Equal(k.bytes("keyId"), sum(k.bytes("publicKey"))[:16]), "edge-keys.json: keyId %s is not that of its publicKey", id)
		seen[id] = true
	}
}

func (c *checker) checkFiles(files map[string][]byte, listed []record) { // §7.1
	seen := map[string]bool{"manifest.json": true}
	for _, f := range listed {
		name := f["name"].(string)
		raw, there := files[name]
		c.want(!seen[name] && there, "manifest.json: file %q is listed twice, or is missing, or is the manifest", name)
		c.want(f.num("size") == int64(len(raw)) && bytes.Equal(f.bytes("sha256"), sum(raw)), "manifest.json: size or sha256 of %s is not the file's", name)
		seen[name] = true
	}
	for name := range files {
		c.want(seen[name], "manifest.json: file %s is not listed", name)
	}
}
