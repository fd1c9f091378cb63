package main

// Reading: the bundle's bytes into records with exactly the fields that the page names.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const ( // fields as name:kind; the first twelve of an event are its header, in order (§2)
	header = "id:id tenantId:id sessionId:id epoch:int sequence:int eventType:text schemaVersion:int actorId:id? edgeId:id " +
		"createdAt:int idempotencyKey:text commandDigest:hex"
	eventSpec = header + " eventPayload:base64 salt:hex16 prevHash:hex32 hash:hex32"
	position  = "tenantId:id sessionId:id epoch:int sequence:int hash:hex32 edgeId:id" // of a head's statement
	headSpec  = position + " keyId:id signature:base64"
)

var (
	idForm    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	goodPart  = regexp.MustCompile(`\\[^u]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..`) // an escape without \u, a whole surrogate pair
	badEscape = regexp.MustCompile(`\\u(0000|[dD][89a-fA-F]..)`)
)

type record map[string]any // of string, int64, bool, json.RawMessage, and []byte for ids, hex and base64

func (r record) bytes(name string) []byte { b, _ := r[name].([]byte); return b }
func (r record) num(name string) int64    { n, _ := r[name].(int64); return n }

// columns joins fields as raw bytes, numbers as int64, each with its length in front if framed.
func (r record) columns(framed bool, spec string) (out []byte) {
	for _, f := range strings.Fields(spec) {
		name, _, _ := strings.Cut(f, ":")
		s, _ := r[name].(string)
		col := append([]byte(s), r.bytes(name)...)
		if n, ok := r[name].(int64); ok {
			col = binary.BigEndian.AppendUint64(nil, uint64(n))
		}
		if framed {
			out = binary.BigEndian.AppendUint32(out, uint32(len(col)))
		}
		out = append(out, col...)
	}
	return out
}

func eventHash(e record) []byte { // §2
	inner := sum(e.columns(false, "salt eventPayload"))
	return sum([]byte("ms1"), e.bytes("prevHash"), e.columns(true, header), inner)
}

func sum(parts ...[]byte) []byte { h := sha256.Sum256(bytes.Join(parts, nil)); return h[:] }

type unreadable string // ends the check with exit 2

func must(ok bool, format string, args ...any) {
	if !ok {
		panic(unreadable(fmt.Sprintf(format, args...)))
	}
}

func goodText(raw []byte) bool {
	return json.Valid(raw) && utf8.Valid(raw) && !badEscape.Match(goodPart.ReplaceAll(raw, []byte(" ")))
}

func base64Bytes(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil && !strings.ContainsAny(s, "\r\n")
}

// decode reads an object with exactly the fields of spec (§6), or panics naming the field.
func decode(where string, raw []byte, spec string) record {
	must(goodText(raw) && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")), "%s: not one JSON object in UTF-8", where)
	in, out, dec := map[string]json.RawMessage{}, record{}, json.NewDecoder(bytes.NewReader(raw))
	for dec.Token(); dec.More(); {
		var v json.RawMessage
		name, _ := dec.Token()
		dec.Decode(&v)
		must(in[name.(string)] == nil, "%s: field %q is there twice", where, name)
		must(strings.Contains(" "+spec, fmt.Sprintf(" %s:", name)), "%s: field %q is unknown", where, name)
		in[name.(string)] = v
	}
	for _, f := range strings.Fields(spec) {
		name, kind, _ := strings.Cut(f, ":")
		must(in[name] != nil, "%s: field %s is missing", where, name)
		var s string
		err := json.Unmarshal(in[name], &s)
		ok := err == nil && in[name][0] == '"'
		switch {
		case kind == "text":
			out[name] = s
		case kind == "raw":
			out[name], ok = in[name], true
		case kind == "bool":
			out[name], ok = string(in[name]) == "true", string(in[name]) == "true" || string(in[name]) == "false"
		case kind == "int":
			out[name], err = strconv.ParseInt(string(in[name]), 10, 64)
			ok = err == nil
		case kind == "base64":
			b, isBase64 := base64Bytes(s)
			out[name], ok = b, ok && isBase64
		default: // id, id?, hex, hex16, hex32
			b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
			isID := idForm.MatchString(s) && !bytes.Equal(b, make([]byte, 16)) || s == "" && kind == "id?"
			isHex := err == nil && hex.EncodeToString(b) == s && (kind == "hex" || kind == fmt.Sprint("hex", len(b)))
			out[name], ok = b, ok && (kind[0] == 'i' && isID || kind[0] == 'h' && isHex)
		}
		must(ok, "%s: field %s is not %s: %.60s", where, name, kind, in[name])
	}
	return out
}

// lines reads a .ndjson file (§6).
func lines(file string, raw []byte, spec string) (out []record) {
	must(len(raw) == 0 || bytes.HasSuffix(raw, []byte("\n")), "%s: the last line does not end in LF", file)
	for line := range bytes.Lines(raw) {
		where := fmt.Sprintf("%s line %d", file, len(out)+1)
		must(len(line) <= 2097152, "%s: longer than 2097152 bytes", where)
		out = append(out, decode(where, line, spec))
	}
	return out
}

// list reads a JSON array of objects.
func list(where string, raw []byte, spec string) (out []record) {
	var items []json.RawMessage
	must(json.Unmarshal(raw, &items) == nil && items != nil, "%s: not a list", where)
	for i, item := range items {
		out = append(out, decode(fmt.Sprintf("%s item %d", where, i+1), item, spec))
	}
	return out
}

// readFolder reads the files of a bundle; the check knows only these names.
func readFolder(dir string) map[string][]byte {
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	must(err == nil, "%v", err)
	for _, e := range entries {
		must(e.Type().IsRegular(), "%s: not a plain file", e.Name())
		must(slices.Contains(names, e.Name()), "%s: does not belong to a bundle", e.Name())
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(err == nil, "%v", err)
	}
	for _, name := range names[:5] {
		must(files[name] != nil, "%s: is missing", name)
	}
	return files
}

var names = []string{"manifest.json", "events.ndjson", "heads.ndjson", "receipts.ndjson", "edge-keys.json", "superseded.ndjson", "person-keys.json"}

func idText(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
