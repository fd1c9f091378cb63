package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestWorkedExamples(t *testing.T) {
	for number, want := range map[string]string{
		"":  "ok: 4 events, epochs 1 2, head 2.4 %s, 2 heads, 1 receipts verified (heads up to 4, receipts up to 3)\n",
		"2": "ok: 6 events, epochs 1, head 1.6 %s, 1 heads, 0 receipts verified (heads up to 6, receipts up to 0)\n",
	} {
		files, values := page(t, number)
		lines := strings.Split(strings.TrimSpace(files["events.ndjson"]), "\n")
		for i, line := range lines {
			var e object
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			if got := hash(e); got != values[fmt.Sprint("hash ", i+1)] {
				t.Errorf("hash %d is %s", i+1, got)
			}
			if i == 0 && values["genesis"] != sum("ms1"+raw(e.TenantID)+raw(e.SessionID)) {
				t.Errorf("genesis is not %s", values["genesis"])
			}
		}
		want = fmt.Sprintf(want, values[fmt.Sprint("hash ", len(lines))])
		if code, out := run(t, files); code != 0 || out != want {
			t.Errorf("%d %s", code, out)
		}
	}
	_, values := page(t, "")
	b := load(t)
	b.forge()
	if code, out := run(t, b.files()); code != 0 || !strings.Contains(out, values["hash 4"]) {
		t.Errorf("written again unchanged: %d %s", code, out)
	}
}

// TestSealedFieldOpens does by §4 what the program leaves out: it opens a sealed field of the page.
func TestSealedFieldOpens(t *testing.T) {
	b := load(t)
	e, text := b.rows["events.ndjson"][2], struct {
		Content struct{ Nonce, Ciphertext []byte }
	}{}
	payload, _ := base64.StdEncoding.DecodeString(e["eventPayload"].(string))
	if err := json.Unmarshal(payload, &text); err != nil {
		t.Fatal(err)
	}
	secret, _ := base64.StdEncoding.DecodeString(b.rows["person-keys.json"][1]["secret"].(string))
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	aad := raw(e["tenantId"].(string)) + raw(e["sessionId"].(string)) + raw(e["id"].(string)) + "content"
	plain, err := gcm.Open(nil, text.Content.Nonce, text.Content.Ciphertext, []byte(aad))
	if _, values := page(t, ""); err != nil || string(plain) != `"Why is √2 not a fraction?"` || fmt.Sprintf("%x", aad) != values["aad 3 content"] {
		t.Errorf("%q %v, AAD %x", plain, err, aad)
	}
}

// TestPageSaysTheSame compares the list of rule 9 with the table of types.
func TestPageSaysTheSame(t *testing.T) {
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\(after the end\\) \\|").FindAllStringSubmatch(string(text), -1) {
		marked[m[1]] = true
	}
	listed := map[string]bool{}
	for _, name := range afterEnd {
		listed[name] = true
	}
	if !maps.Equal(marked, listed) {
		t.Errorf("marked \"after the end\" on the page: %v; in the program: %v", marked, listed)
	}
}

const (
	ev    = "events.ndjson"
	other = "0190a7c8-5e2b-7cc0-8000-000000000999"
)

func num(n int) json.Number { return json.Number(fmt.Sprint(n)) }

func set(file string, i int, field string, v any) func(*bundle) {
	return func(b *bundle) { b.rows[file][i][field] = v }
}

func flipped(file string, i int, field string) func(*bundle) {
	return func(b *bundle) { flip(b.rows[file][i], field) }
}

func payload(seq int, pattern, with string) func(*bundle) {
	return func(b *bundle) { edit(b.rows[ev][seq-1], pattern, with) }
}

func order(seqs ...int) func(*bundle) {
	return func(b *bundle) {
		var rows []map[string]any
		for _, s := range seqs {
			rows = append(rows, maps.Clone(b.rows[ev][s-1]))
		}
		b.rows[ev] = rows
	}
}

// types gives events 2 and 3, which stand before a transfer, these types.
func types(second, third string) func(*bundle) {
	return func(b *bundle) { b.rows[ev][1]["eventType"], b.rows[ev][2]["eventType"] = second, third }
}

func both(a, b func(*bundle)) func(*bundle) { return func(x *bundle) { a(x); b(x) } }

func TestHistory(t *testing.T) {
	long := strings.Repeat("k", 128)
	for name, c := range map[string]struct {
		damage func(*bundle)
		forge  bool // new hashes and signatures after the damage
		want   string
	}{
		"1: other type first":      {set(ev, 0, "eventType", "session.started"), true, "sequence 1 breaks rule 1"},
		"1: other epoch first":     {both(set(ev, 0, "epoch", num(2)), order(1)), true, "sequence 1 breaks rule 1"},
		"2: first is gone":         {order(2, 3, 4), false, "sequence 2 breaks rule 1, sequence 2 breaks rule 2"},
		"2: starts with 2":         {both(set(ev, 0, "sequence", num(2)), order(1)), true, "sequence 2 breaks rule 2"},
		"2: gap":                   {order(1, 3, 4), true, "sequence 3 breaks rule 2"},
		"2: swapped":               {order(1, 3, 2, 4), false, "sequence 3 breaks rule 2, sequence 2 breaks rule 2"},
		"2: tenant":                {set(ev, 2, "tenantId", other), true, "sequence 3 breaks rule 2"},
		"2: session":               {set(ev, 2, "sessionId", other), true, "sequence 3 breaks rule 2"},
		"3: genesis":               {flipped(ev, 0, "prevHash"), true, "sequence 1 breaks rule 3"},
		"3: prevHash":              {flipped(ev, 2, "prevHash"), false, "sequence 3 breaks rule 3"},
		"3: hash":                  {flipped(ev, 1, "hash"), false, "sequence 2 breaks rule 3, sequence 3 breaks rule 3"},
		"3: last hash":             {flipped(ev, 3, "hash"), false, "sequence 4 breaks rule 3, no such event"},
		"3: id":                    {flipped(ev, 2, "id"), false, "sequence 3 breaks rule 3"},
		"3: payload":               {flipped(ev, 1, "eventPayload"), false, "sequence 2 breaks rule 3"},
		"3: salt":                  {flipped(ev, 1, "salt"), false, "sequence 2 breaks rule 3"},
		"3: actor":                 {set(ev, 2, "actorId", other), false, "sequence 3 breaks rule 3"},
		"3: no actor":              {set(ev, 2, "actorId", ""), false, "sequence 3 breaks rule 3"},
		"3: edge":                  {set(ev, 3, "edgeId", other), false, "sequence 4 breaks rule 3"},
		"3: epoch":                 {set(ev, 3, "epoch", num(3)), false, "sequence 4 breaks rule 3"},
		"3: version":               {set(ev, 2, "schemaVersion", num(2)), false, "sequence 3 breaks rule 3"},
		"3: type":                  {set(ev, 2, "eventType", "chat.massage"), false, "sequence 3 breaks rule 3"},
		"3: key":                   {set(ev, 2, "idempotencyKey", "msg-2#1"), false, "sequence 3 breaks rule 3"},
		"3: digest":                {flipped(ev, 2, "commandDigest"), false, "sequence 3 breaks rule 3"},
		"3: no digest":             {set(ev, 2, "commandDigest", ""), false, "sequence 3 breaks rule 3"},
		"3: time":                  {set(ev, 2, "createdAt", num(1795422755251)), false, "sequence 3 breaks rule 3"},
		"4: back-dated":            {set(ev, 2, "createdAt", num(1795422601999)), true, "sequence 3 breaks rule 4"},
		"4: same time":             {set(ev, 2, "createdAt", num(1795422602000)), true, "ok"},
		"5: edge changes":          {set(ev, 2, "edgeId", other), true, "sequence 3 breaks rule 5"},
		"5: epoch changes":         {set(ev, 2, "epoch", num(2)), true, "sequence 3 breaks rule 5, sequence 4 breaks rule 5"},
		"5: same epoch":            {both(set(ev, 3, "epoch", num(1)), payload(4, `"toEpoch":2`, `"toEpoch":1`)), true, "sequence 4 breaks rule 5"},
		"5: epochs skipped":        {both(set(ev, 3, "epoch", num(7)), payload(4, `"toEpoch":2`, `"toEpoch":7`)), true, "ok"},
		"5: same edge":             {both(set(ev, 3, "edgeId", "0190a7c8-5e2b-7cc0-8000-000000000003"), set("heads.ndjson", 1, "keyId", "34750f98-bd59-fcfc-946d-a45aaabe933b")), true, "ok"},
		"5: fromEpoch":             {payload(4, `"fromEpoch":1`, `"fromEpoch":0`), true, "sequence 4 breaks rule 5"},
		"5: toEpoch":               {payload(4, `"toEpoch":2`, `"toEpoch":3`), true, "sequence 4 breaks rule 5"},
		"5: headSequence":          {payload(4, `"headSequence":3`, `"headSequence":2`), true, "sequence 4 breaks rule 5"},
		"5: headHash":              {payload(4, `"headHash"`, `"HeadHash"`), true, "sequence 4 breaks rule 5"},
		"5: text for a number":     {payload(4, `"fromEpoch":1`, `"fromEpoch":"1"`), true, "sequence 4 breaks rule 5"},
		"6: id twice":              {set(ev, 2, "id", "0190a7c8-5e2b-7cc0-8000-000000000101"), true, "sequence 3 breaks rule 6"},
		"6: key twice":             {set(ev, 1, "idempotencyKey", "plan-1#1"), true, "sequence 2 breaks rule 6"},
		"6: key of somebody else":  {set(ev, 2, "idempotencyKey", "plan-1#1"), true, "ok"},
		"6: key twice, no actors":  {both(set(ev, 2, "actorId", ""), set(ev, 2, "idempotencyKey", "transfer-2#1")), true, "sequence 4 breaks rule 6"},
		"7: leading zero":          {set(ev, 2, "idempotencyKey", "msg-1#01"), true, "sequence 3 breaks rule 7"},
		"7: no command":            {set(ev, 2, "idempotencyKey", "#1"), true, "sequence 3 breaks rule 7"},
		"7: too long":              {set(ev, 2, "idempotencyKey", long+"k#1"), true, "sequence 3 breaks rule 7"},
		"7: long":                  {set(ev, 2, "idempotencyKey", long+"#123456789"), true, "ok"},
		"7: ten digits":            {set(ev, 2, "idempotencyKey", "k#1234567890"), true, "sequence 3 breaks rule 7"},
		"7: letters beyond ASCII":  {set(ev, 2, "idempotencyKey", "ä#1"), true, "sequence 3 breaks rule 7"},
		"7: any ASCII":             {set(ev, 2, "idempotencyKey", " <\"\\&>~##1"), true, "ok"},
		"8: two dots":              {set(ev, 2, "eventType", "chat..message"), true, "sequence 3 breaks rule 8"},
		"8: upper case":            {set(ev, 2, "eventType", "chat.Message"), true, "sequence 3 breaks rule 8"},
		"8: 65 letters":            {set(ev, 2, "eventType", strings.Repeat("x", 65)), true, "sequence 3 breaks rule 8"},
		"8: 64 letters":            {set(ev, 2, "eventType", strings.Repeat("x", 64)), true, "ok"},
		"8: version 0":             {set(ev, 2, "schemaVersion", num(0)), true, "sequence 3 breaks rule 8"},
		"8: epoch 0":               {set(ev, 2, "epoch", num(0)), true, "sequence 3 breaks rule 5, sequence 3 breaks rule 8"},
		"8: sequence 0":            {both(set(ev, 0, "sequence", num(0)), order(1)), true, "sequence 0 breaks rule 2, sequence 0 breaks rule 8"},
		"8: before 1970":           {set(ev, 0, "createdAt", num(-1)), true, "sequence 1 breaks rule 8"},
		"9: chat after the end":    {types("session.ended", "chat.message"), true, "sequence 3 breaks rule 9"},
		"9: after a cancel":        {types("session.cancelled", "chat.message"), true, "sequence 3 breaks rule 9"},
		"9: new type":              {types("session.ended", "x.y"), true, "sequence 3 breaks rule 9"},
		"9: ended twice":           {types("session.ended", "session.ended"), true, "sequence 3 breaks rule 9"},
		"9: hand after the end":    {types("session.ended", "hand.lowered"), true, "sequence 3 breaks rule 9"},
		"9: left after the end":    {types("session.ended", "participant.left"), true, "ok"},
		"9: archived":              {types("session.ended", "session.archived"), true, "ok"},
		"9: archived twice":        {both(types("session.ended", "session.archived"), archivedAgain), true, "sequence 4 breaks rule 9"},
		"9: archived, no end":      {types("chat.message", "session.archived"), true, "ok"},
		"9: twice, no end":         {types("session.archived", "session.archived"), true, "sequence 3 breaks rule 9"},
		"new type":                 {set(ev, 2, "eventType", "x.y"), true, "ok"},
		"10: no object":            {payload(2, `^.*$`, `[]`), true, "sequence 2 breaks rule 10"},
		"10: no JSON":              {payload(2, `}$`, ``), true, "sequence 2 breaks rule 10"},
		"10: two values":           {payload(2, `$`, `{}`), true, "sequence 2 breaks rule 10"},
		"10: byte order mark":      {payload(2, `^`, "\ufeff"), true, "sequence 2 breaks rule 10"},
		"10: white space":          {payload(2, `^{`, " {\r\n\t"), true, "ok"},
		"10: fraction":             {payload(2, `^{`, `{"n":[1.5],`), true, "sequence 2 breaks rule 10"},
		"10: fraction 0":           {payload(2, `^{`, `{"n":1.0,`), true, "sequence 2 breaks rule 10"},
		"10: exponent":             {payload(2, `^{`, `{"n":1e3,`), true, "sequence 2 breaks rule 10"},
		"10: minus 0":              {payload(2, `^{`, `{"n":-0,`), true, "sequence 2 breaks rule 10"},
		"10: largest":              {payload(2, `^{`, `{"n":[9007199254740991,-9007199254740991,0,-1],"t":"1.5 \"2.5",`), true, "ok"},
		"10: too large":            {payload(2, `^{`, `{"n":9007199254740992,`), true, "sequence 2 breaks rule 10"},
		"10: too small":            {payload(2, `^{`, `{"n":-9007199254740992,`), true, "sequence 2 breaks rule 10"},
		"10: far too large":        {payload(2, `^{`, `{"n":9223372036854775808,`), true, "sequence 2 breaks rule 10"},
		"10: U+0000":               {payload(2, `^{`, `{"n":"\u0000",`), true, "sequence 2 breaks rule 10"},
		"10: backslash and u0000":  {payload(2, `^{`, `{"n":"\\u0000 \\\\ud83d",`), true, "ok"},
		"10: high surrogate alone": {payload(2, `^{`, `{"n":"\ud83d\\ude00",`), true, "sequence 2 breaks rule 10"},
		"10: low surrogate alone":  {payload(2, `^{`, `{"n":"\uDE00",`), true, "sequence 2 breaks rule 10"},
		"10: surrogate in a name":  {payload(2, `^{`, `{"\ud83d":1,`), true, "sequence 2 breaks rule 10"},
		"10: surrogate pair":       {payload(2, `^{`, `{"n":"\ud83d\uDE00",`), true, "ok"},
		"10: no UTF-8":             {payload(2, `^{`, "{\"n\":\"\xff\","), true, "sequence 2 breaks rule 10"},
		"10: name twice":           {payload(2, `^{`, `{"a":1,"a":1,`), true, "sequence 2 breaks rule 10"},
		"10: name twice, escaped":  {payload(2, `^{`, `{"x":[{"a":{},"\u0061":[]}],`), true, "sequence 2 breaks rule 10"},
		"10: name in two objects":  {payload(2, `^{`, `{"x":{"a":1},"y":{"a":1},"A":1,"a":null,`), true, "ok"},
		"10: 10,000 deep":          {payload(2, `^{`, `{"x":`+strings.Repeat("[", 9999)+strings.Repeat("]", 9999)+","), true, "ok"},
		"10: 10,001 deep":          {payload(2, `^{`, `{"x":`+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+","), true, "sequence 2 breaks rule 10"},
		"10: 1 MiB":                {payload(2, `^.*$`, `{"x":"`+strings.Repeat("x", 1<<20-8)+`"}`), true, "ok"},
		"10: more than 1 MiB":      {payload(2, `^.*$`, `{"x":"`+strings.Repeat("x", 1<<20-7)+`"}`), true, "sequence 2 breaks rule 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c.damage, c.forge, c.want)
		})
	}
}

// archivedAgain makes the last event one more session.archived of the same edge.
func archivedAgain(b *bundle) {
	e := b.rows[ev][3]
	e["eventType"], e["epoch"], e["edgeId"] = "session.archived", num(1), "0190a7c8-5e2b-7cc0-8000-000000000003"
	b.rows["heads.ndjson"][1]["keyId"] = "34750f98-bd59-fcfc-946d-a45aaabe933b"
}

// check damages the example. want is "ok", or what the lines are to say, separated by ", ": the first line the first of them.
func check(t *testing.T, damage func(*bundle), forge bool, want string) {
	t.Helper()
	b := load(t)
	damage(b)
	if forge {
		b.forge()
	}
	code, out := run(t, b.files())
	exit, parts := 1, strings.Split(want, ", ")
	switch {
	case want == "ok":
		exit = 0
	case strings.HasPrefix(want, "unreadable"):
		exit = 2
	}
	plain := regexp.MustCompile(` \([a-z.-]+ line \d+\)`).ReplaceAllString(out, "")
	first, _, _ := strings.Cut(plain, "\n")
	for _, part := range parts {
		if code != exit || !strings.Contains(plain, part) || !strings.Contains(first, parts[0]) {
			t.Fatalf("exit %d, want %d and %q:\n%s", code, exit, want, out)
		}
	}
}

func TestSignatures(t *testing.T) {
	const heads, receipts, keys = "heads.ndjson", "receipts.ndjson", "edge-keys.json"
	resign := func(file string, i int, field string, v any) func(*bundle) {
		return both(set(file, i, field, v), func(b *bundle) { sign(b.rows[file][i], file == receipts) })
	}
	twice := func(file string) func(*bundle) {
		return func(b *bundle) { b.rows[file] = append(b.rows[file], b.rows[file][0]) }
	}
	for name, c := range map[string]struct {
		damage func(*bundle)
		want   string
	}{
		"head's signature":          {flipped(heads, 0, "signature"), "sequence 3: not signed"},
		"short signature":           {set(heads, 0, "signature", "AAAA"), "sequence 3: not signed"},
		"receipt's signature":       {flipped(receipts, 0, "signature"), "sequence 3: not signed"},
		"receivedAt":                {set(receipts, 0, "receivedAt", num(1)), "sequence 3: not signed"},
		"signed for another class":  {resign(heads, 0, "sessionId", other), "sequence 3: validly signed, but no such event"},
		"signed for another school": {resign(heads, 0, "tenantId", other), "sequence 3: validly signed, but no such event"},
		"another hash":              {both(flipped(heads, 0, "hash"), resign(heads, 0, "epoch", num(1))), "sequence 3: validly signed, but no such event"},
		"another epoch":             {resign(heads, 0, "epoch", num(2)), "sequence 3: validly signed, but no such event"},
		"another sequence":          {resign(receipts, 0, "sequence", num(2)), "sequence 2: validly signed, but no such event"},
		"another edge in a receipt": {resign(receipts, 0, "edgeId", other), "sequence 3: validly signed, but no such event"},
		"cut off after a head":      {order(1, 2, 3), "sequence 4: validly signed, but no such event"},
		"key of another edge":       {resign(heads, 0, "keyId", "6a3803d5-f059-902a-1c6d-afbc9ba47292"), "sequence 3: not signed"},
		"head of the hub":           {resign(heads, 0, "keyId", "b62e867f-a2f3-3afe-62d5-d6b1642e1621"), "sequence 3: not signed"},
		"receipt of the edge":       {resign(receipts, 0, "keyId", "34750f98-bd59-fcfc-946d-a45aaabe933b"), "sequence 3: not signed"},
		"unknown key":               {set(heads, 0, "keyId", other), "sequence 3: not signed"},
		"head and receipt twice":    {both(twice(heads), twice(receipts)), "ok"},
		"none":                      {func(b *bundle) { b.rows[heads], b.rows[receipts], b.rows[keys] = nil, nil, []map[string]any{} }, "ok"},
		"public key":                {set(keys, 1, "publicKey", strings.Repeat("A", 43)+"="), "edge-keys.json: keyId 6a3803d5"},
		"key twice":                 {twice(keys), "edge-keys.json: keyId 34750f98"},
		"count":                     {func(b *bundle) { b.manifest["count"] = 5 }, "manifest.json: count or head"},
		"no events": {func(b *bundle) {
			b.manifest["head"] = map[string]any{"epoch": 1, "sequence": 0, "hash": b.rows[ev][0]["prevHash"]}
			b.rows[ev], b.rows[heads], b.rows[receipts] = nil, nil, nil
		}, "manifest.json: count or head"},
		"head": {func(b *bundle) {
			b.manifest["head"] = map[string]any{"epoch": 1, "sequence": 3, "hash": b.rows[ev][2]["hash"]}
		}, "manifest.json: count or head"},
		"manifest's class": {func(b *bundle) { b.manifest["sessionId"] = other }, "sequence 1 breaks rule 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c.damage, false, c.want)
		})
	}
}

// TestUnsignedProvesNothing: only a valid signature may be called a proof that the log was changed.
func TestUnsignedProvesNothing(t *testing.T) {
	b := load(t)
	flip(b.rows["heads.ndjson"][0], "hash")
	if code, out := run(t, b.files()); code != 1 || strings.Contains(out, "validly signed") {
		t.Errorf("%d %s", code, out)
	}
}

func TestForms(t *testing.T) {
	line := func(file string, n int) string { return fmt.Sprintf("unreadable: %s line %d", file, n) }
	for name, c := range map[string]struct {
		damage func(*bundle)
		want   string
	}{
		"field missing":        {func(b *bundle) { delete(b.rows[ev][1], "salt") }, line(ev, 2)},
		"field unknown":        {set(ev, 1, "x", ""), line(ev, 2)},
		"other letters":        {func(b *bundle) { r := b.rows[ev][1]; r["Salt"] = r["salt"]; delete(r, "salt") }, line(ev, 2)},
		"null":                 {set(ev, 3, "actorId", nil), line(ev, 4)},
		"text for a number":    {set(ev, 1, "epoch", "1"), line(ev, 2)},
		"number for a text":    {set(ev, 1, "eventType", num(1)), line(ev, 2)},
		"fraction":             {set(ev, 1, "epoch", json.Number("1.0")), line(ev, 2)},
		"upper-case hex":       {set(ev, 1, "hash", strings.Repeat("A", 64)), line(ev, 2)},
		"short hash":           {set(ev, 1, "prevHash", strings.Repeat("a", 62)), line(ev, 2)},
		"short salt":           {set(ev, 1, "salt", strings.Repeat("a", 30)), line(ev, 2)},
		"short digest":         {set(ev, 1, "commandDigest", "00"), line(ev, 2)},
		"zero id":              {set(ev, 1, "actorId", "00000000-0000-0000-0000-000000000000"), line(ev, 2)},
		"absent id":            {set(ev, 1, "edgeId", ""), line(ev, 2)},
		"upper-case id":        {set(ev, 1, "actorId", strings.ToUpper(other)), line(ev, 2)},
		"base64, unused bits":  {set(ev, 1, "eventPayload", "e31="), line(ev, 2)},
		"upper-case id, begin": {set(ev, 1, "actorId", "0190A7c8-5e2b-7cc0-8000-000000000999"), line(ev, 2)},
		"base64, 4 bits":       {set(ev, 1, "eventPayload", "eB=="), line(ev, 2)},
		"base64, no padding":   {set(ev, 1, "eventPayload", "e30"), line(ev, 2)},
		"base64, a line break": {set(ev, 1, "eventPayload", "e30=\n"), line(ev, 2)},
		"base64 of URLs":       {set("heads.ndjson", 1, "signature", "_-__"), line("heads.ndjson", 2)},
		"head with a time":     {set("heads.ndjson", 0, "receivedAt", num(1)), line("heads.ndjson", 1)},
		"receipt without":      {func(b *bundle) { delete(b.rows["receipts.ndjson"][0], "receivedAt") }, line("receipts.ndjson", 1)},
		"unknown kind":         {set("edge-keys.json", 0, "kind", "Edge"), line("edge-keys.json", 1)},
		"edge's key, no edge":  {set("edge-keys.json", 0, "edgeId", ""), line("edge-keys.json", 1)},
		"hub's key of an edge": {set("edge-keys.json", 2, "edgeId", other), line("edge-keys.json", 1)},
		"public key, 31 bytes": {set("edge-keys.json", 2, "publicKey", strings.Repeat("A", 42)+"=="), line("edge-keys.json", 1)},
		"public key, 35 bytes": {set("edge-keys.json", 2, "publicKey", strings.Repeat("A", 47)+"="), line("edge-keys.json", 1)},
		"another format":       {func(b *bundle) { b.manifest["format"] = "x" }, line("manifest.json", 1)},
		"another version":      {func(b *bundle) { b.manifest["version"] = 2 }, line("manifest.json", 1)},
		"superseded rows": {func(b *bundle) { b.rows["superseded.ndjson"] = b.rows[ev][3:] },
			"unreadable: superseded.ndjson has rows, which this program does not check"},
		"no superseded rows": {func(b *bundle) { b.rows["superseded.ndjson"] = nil }, "ok"},
		"no person keys":     {func(b *bundle) { delete(b.rows, "person-keys.json") }, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c.damage, false, c.want)
		})
	}
}

// TestFiles changes files of the example as they lie in the folder.
func TestFiles(t *testing.T) {
	replace := func(name, old, with string) func(map[string]string) {
		return func(files map[string]string) { files[name] = strings.Replace(files[name], old, with, 1) }
	}
	for name, c := range map[string]struct {
		change func(map[string]string)
		want   string
		code   int
	}{
		"white space in .json": {replace("manifest.json", "{", " \r\n{\t"), "ok: ", 0},
		"order of fields":      {replace("manifest.json", `"format":"multistream-session-log","version":1,`, `"version":1,"format":"multistream-session-log",`), "ok: ", 0},
		"escaped name":         {replace("manifest.json", `"version"`, `"\u0076ersion"`), "ok: ", 0},
		"sha256":               {replace("person-keys.json", "ICEi", "ICEj"), "bad: manifest.json: size or sha256 of person-keys.json", 1},
		"size":                 {replace("manifest.json", `"size":796`, `"size":795`), "bad: manifest.json: size or sha256 of heads.ndjson", 1},
		"not listed":           {func(f map[string]string) { f["superseded.ndjson"] = "" }, "bad: manifest.json: size or sha256 of superseded.ndjson", 1},
		"listed, not there":    {func(f map[string]string) { delete(f, "person-keys.json") }, "bad: manifest.json lists other files", 1},
		"missing":              {func(f map[string]string) { delete(f, "receipts.ndjson") }, "unreadable: open ", 2},
		"other file":           {func(f map[string]string) { f["notes.txt"] = "x" }, "unreadable: notes.txt is no file of a bundle", 2},
		"no LF":                {func(f map[string]string) { f[ev] = strings.TrimSuffix(f[ev], "\n") }, "unreadable: events.ndjson line 4", 2},
		"CR":                   {replace(ev, "\n", "\r\n"), "unreadable: events.ndjson line 1", 2},
		"empty line":           {replace("heads.ndjson", "\n", "\n\n"), "unreadable: heads.ndjson line 2", 2},
		"longest line":         {longLine(2<<20 - 0), "bad: manifest.json: size or sha256 of heads.ndjson", 1},
		"too long a line":      {longLine(2<<20 + 1), "unreadable: heads.ndjson line 1", 2},
		"list for an object":   {func(f map[string]string) { f["manifest.json"] = "[" + f["manifest.json"] + "]" }, "unreadable: manifest.json line 1", 2},
		"object for a list":    {func(f map[string]string) { f["edge-keys.json"] = strings.Trim(f["edge-keys.json"], "[]\n") }, "unreadable: edge-keys.json line 1", 2},
		"list in a line": {func(f map[string]string) {
			f["receipts.ndjson"] = "[" + strings.Trim(f["receipts.ndjson"], "\n") + "]\n"
		}, "unreadable: receipts.ndjson line 1", 2},
		"two in a line":       {replace("heads.ndjson", "\n", " "), "unreadable: heads.ndjson line 1", 2},
		"field twice":         {replace(ev, `"epoch":1`, `"epoch":1,"epoch":1`), "unreadable: events.ndjson line 1", 2},
		"field twice in head": {replace("manifest.json", `"head":{`, `"head":{"epoch":2,`), "unreadable: manifest.json line 1", 2},
		"byte order mark":     {replace("manifest.json", "{", "\ufeff{"), "unreadable: manifest.json line 1", 2},
		"U+0000":              {replace(ev, "plan-1#1", `plan-1\u0000#1`), "unreadable: events.ndjson line 1", 2},
		"lone surrogate":      {replace(ev, "plan-1#1", `plan-1\udead#1`), "unreadable: events.ndjson line 1", 2},
		"no UTF-8":            {replace(ev, "plan-1#1", "plan-1\xff#1"), "unreadable: events.ndjson line 1", 2},
		"empty .json":         {func(f map[string]string) { f["edge-keys.json"] = "" }, "unreadable: edge-keys.json line 1", 2},
		"a digit":             {replace(ev, `"createdAt":1795422602000`, `"createdAt":1795422602001`), "bad: sequence 2 (events.ndjson line 2) breaks rule 3 of §3\nbad: manifest.json: size or sha256 of events.ndjson", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, _ := page(t, "")
			c.change(files)
			if code, out := run(t, files); code != c.code || !strings.HasPrefix(out, c.want) {
				t.Errorf("%d %s", code, out)
			}
		})
	}
	if code, out := runIn(t); code != 2 || !strings.HasPrefix(out, "unreadable: ") {
		t.Errorf("without a folder: %d %s", code, out)
	}
	files, _ := page(t, "")
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, ev), filepath.Join(dir, "..", "elsewhere")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../elsewhere", filepath.Join(dir, ev)); err != nil {
		t.Fatal(err)
	}
	if code, out := runIn(t, dir); code != 2 || out != "unreadable: events.ndjson is no file of a bundle\n" {
		t.Errorf("a link: %d %s", code, out)
	}
}

// longLine makes the first head a line of so many bytes without its LF, by white space.
func longLine(n int) func(map[string]string) {
	return func(files map[string]string) {
		line, rest, _ := strings.Cut(files["heads.ndjson"], "\n")
		files["heads.ndjson"] = line + strings.Repeat(" ", n-len(line)) + "\n" + rest
	}
}

// TestOneFile keeps the program what it is for: short enough to be read whole, and nothing of the product in it.
func TestOneFile(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob("*.go"); len(files) != 3 || bytes.Count(text, []byte("\n")) > 150 || bytes.Contains(text, []byte(`"multistream/`)) {
		t.Errorf("%d files beside two of tests, %d lines", len(files)-2, bytes.Count(text, []byte("\n")))
	}
}
