package main

// The rules: order (§3), sealed fields (§4), heads and receipts (§5).

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// beforeEnd are the types of §12 that are not marked "after the end" (rule 9).
const beforeEnd = " " +
	"cta.hidden cta.shown exam.ended exam.focus.changed exam.started feature.degraded feature.restored participant.admitted participant.banned " +
	"participant.denied participant.joined participant.removed participant.requested session.cancelled session.ended session.ending session.ending.undone " +
	"session.halted session.locked session.rescheduled session.resumed session.scheduled session.settings.changed session.started session.unlocked " +
	"consent.given permission.changed asset.added asset.removed board.cleared board.page.added board.undone layout.changed scene.changed scene.created " +
	"scene.deleted scene.updated slide.changed whiteboard.updated chat.approved chat.deleted chat.held chat.message chat.settings.changed hand.lowered " +
	"hand.raised message.reported moderation.claimed moderation.released participant.muted poll.ended poll.started poll.voted question.answered " +
	"question.asked question.dismissed question.resolved question.upvote.withdrawn question.upvoted reaction.sent report.resolved media.degraded " +
	"media.moved media.restored recording.armed recording.paused recording.resumed recording.started recording.stopped destination.disabled " +
	"destination.enabled destination.failed destination.live caption.segment chapter.marked note.added "

var (
	typeForm = regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`)
	keyForm  = regexp.MustCompile(`(?s)^.+#[1-9][0-9]*$`)
)

type checker struct {
	problems []string
	id       []byte // tenantId ‖ sessionId of the manifest
	fields   map[string]int
	persons  map[string]record // keyId → person key; nil without person-keys.json
}

func (c *checker) genesis() []byte { return sum([]byte("ms1"), c.id) }

func (c *checker) want(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *checker) event(i int, e, p record, seen map[string]bool) { // §3; p is the event before, nil for the first
	at := fmt.Sprintf("sequence %d (events.ndjson line %d): ", e.num("sequence"), i+1)
	want := func(ok bool, format string, args ...any) {
		if !ok {
			c.want(false, "%s%s", at, fmt.Sprintf(format, args...))
		}
	}
	typ, key := e["eventType"].(string), e["idempotencyKey"].(string)
	before, transferred := c.genesis(), typ == "session.transferred"
	want(bytes.Equal(e.columns(false, "tenantId sessionId"), c.id), "tenantId or sessionId is not the manifest's")
	if p == nil {
		want(e.num("sequence") == 1 && e.num("epoch") == 1 && typ == "session.scheduled", "the first event is a %s of epoch %d", typ, e.num("epoch"))
	} else {
		before = p.bytes("hash")
		want(e.num("sequence") == p.num("sequence")+1, "stands after sequence %d: gap, repeat or wrong order", p.num("sequence"))
		want(e.num("createdAt") >= p.num("createdAt"), "createdAt goes back by %d ms", p.num("createdAt")-e.num("createdAt"))
		want(transferred || e.num("epoch") == p.num("epoch"), "epoch %d after %d without session.transferred", e.num("epoch"), p.num("epoch"))
		want(transferred || bytes.Equal(e.bytes("edgeId"), p.bytes("edgeId")), "edgeId changes without session.transferred")
	}
	if p != nil && transferred {
		t := payload(e)
		got, _ := json.Marshal([]any{t["fromEpoch"], t["toEpoch"], t["headSequence"], t["headHash"]})
		need := fmt.Sprintf(`[%d,%d,%d,"%x"]`, p.num("epoch"), e.num("epoch"), p.num("sequence"), p.bytes("hash"))
		want(e.num("epoch") > p.num("epoch"), "a session.transferred does not raise epoch %d", p.num("epoch"))
		want(string(got) == need, "fromEpoch, toEpoch, headSequence, headHash are %s, not %s", got, need)
	}
	want(bytes.Equal(e.bytes("prevHash"), before), "prevHash is not the hash of the event before (or genesis)")
	want(bytes.Equal(e.bytes("hash"), eventHash(e)), "hash is not that of this salt, payload, header and prevHash")
	id, once := fmt.Sprintf("id %x", e.bytes("id")), fmt.Sprintf("key %x %s", e.bytes("actorId"), key)
	want(!seen[id], "id is there twice")
	want(!seen[once], "idempotencyKey %q of this actor is there twice", key)
	want(keyForm.MatchString(key), "idempotencyKey %q does not end in # and a number", key)
	want(len(e.bytes("commandDigest")) == 0 || len(e.bytes("commandDigest")) == 32, "commandDigest has %d bytes", len(e.bytes("commandDigest")))
	want(e.num("schemaVersion") >= 1, "schemaVersion is %d", e.num("schemaVersion"))
	want(typeForm.MatchString(typ) && len(typ) <= 64, "eventType %q is badly formed", typ)
	want(!seen["ended"] || !strings.Contains(beforeEnd, " "+typ+" "), "%s after session.ended", typ)
	want(goodPayload(e.bytes("eventPayload")), "eventPayload is not an object as §1 says")
	seen[id], seen[once], seen["ended"] = true, true, seen["ended"] || typ == "session.ended"
	if c.persons != nil {
		c.open(at, e, nil, payload(e))
	}
}

// open walks a payload and opens every sealed field whose key is there (§4).
func (c *checker) open(at string, e record, path []string, v any) {
	items := map[string]any{}
	if l, ok := v.([]any); ok {
		for i, item := range l {
			items[strconv.Itoa(i)] = item
		}
	} else if items, _ = v.(map[string]any); len(items) == 3 && items["keyId"] != nil && items["nonce"] != nil && items["ciphertext"] != nil {
		keyID, _ := items["keyId"].(string)
		if k := c.persons[keyID]; k == nil || k["erased"] == true {
			c.fields[map[bool]string{true: "unknown", false: "erased"}[k == nil]]++
			return
		}
		nonce, ok1 := base64Bytes(fmt.Sprint(items["nonce"]))
		text, ok2 := base64Bytes(fmt.Sprint(items["ciphertext"]))
		block, _ := aes.NewCipher(c.persons[keyID].bytes("secret"))
		gcm, _ := cipher.NewGCM(block)
		name := strings.Join(path, ".")
		if ok := ok1 && ok2 && len(nonce) == 12; ok {
			plain, err := gcm.Open(nil, nonce, text, append(e.columns(false, "tenantId sessionId id"), name...))
			c.want(err == nil && json.Valid(plain) && utf8.Valid(plain), "%sfield %s does not open", at, name)
		} else {
			c.want(false, "%sfield %s: nonce or ciphertext is badly formed", at, name)
		}
		c.fields["opened"]++
		return
	}
	for name, item := range items {
		c.open(at, e, append(path[:len(path):len(path)], name), item)
	}
}

// signed checks heads or receipts (§7.4, §7.5); it returns how far those of events.ndjson reach.
func (c *checker) signed(file, tag, kind string, rows, keys []record, known map[string]bool) (upTo int64) {
	for i, r := range rows {
		at := fmt.Sprintf("sequence %d (%s line %d): ", r.num("sequence"), file, i+1)
		var key record
		for _, k := range keys {
			if k["kind"] == kind && bytes.Equal(k.bytes("keyId"), r.bytes("keyId")) && (kind == "hub" || bytes.Equal(k.bytes("edgeId"), r.bytes("edgeId"))) {
				key = k
			}
		}
		c.want(bytes.Equal(r.columns(false, "tenantId sessionId"), c.id), "%stenantId or sessionId is not the manifest's", at)
		canonical, there := known[string(r.columns(false, position))]
		message := append([]byte(tag), r.columns(false, position+" keyId receivedAt")...)
		if key == nil {
			c.want(false, "%skeyId is no key of this %s in edge-keys.json", at, kind)
		} else if !ed25519.Verify(key.bytes("publicKey"), message, r.bytes("signature")) {
			c.want(false, "%ssignature is not valid", at)
		} else if !there {
			c.want(false, "%svalidly signed, but no such event: the log was changed or cut", at)
		} else if canonical {
			upTo = max(upTo, r.num("sequence"))
		}
	}
	return upTo
}

// goodPayload says whether a payload is as §1 says (rule 10).
func goodPayload(raw []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	for t, err := dec.Token(); err == nil; t, err = dec.Token() {
		if n, ok := t.(json.Number); ok && strings.ContainsAny(n.String(), ".eE") {
			return false
		}
	}
	return len(raw) <= 1048576 && goodText(raw) && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{"))
}

func payload(e record) (out map[string]any) {
	dec := json.NewDecoder(bytes.NewReader(e.bytes("eventPayload")))
	dec.UseNumber()
	dec.Decode(&out)
	return out
}
