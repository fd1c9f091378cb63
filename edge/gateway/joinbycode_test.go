package gateway_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rsc.io/qr"

	"multistream/edge/gateway"
	"multistream/shared/event"
	"multistream/shared/session"
)

// setCode gives a class a random code.
func (s *school) setCode(class string) string {
	s.t.Helper()
	code := s.send("tina", "POST", class+"/join-code", "").want(200).text("code")
	if !regexp.MustCompile(`^[2-9A-HJ-NP-Z]{8}$`).MatchString(code) {
		s.t.Fatalf("code %q", code)
	}
	return code
}

// byCode joins; who "" is nobody.
func (s *school) byCode(who, code, more string) reply {
	s.t.Helper()
	return s.send(who, "POST", "/api/join", fmt.Sprintf(`{"code":%q%s}`, code, more))
}

const asGil = `,"displayName":"Gil"`

func deviceOf(n int) string { return fmt.Sprintf(`,"displayName":"Gil","device":"device-%040d"`, n) }

// TestJoinCode: who sees the code, its address and picture, rotation and revocation, before and while the class runs.
func TestJoinCode(t *testing.T) {
	s := open(t, nil)
	class := s.plan()
	if none := s.send("ada", "GET", class+"/join-code", "").want(200); none.body["code"] != nil || none.body["qr"] != nil {
		t.Errorf("without a code: %s", none.raw)
	}
	first := s.setCode(class)
	shown := s.send("ada", "GET", class+"/join-code", "").want(200)
	address := "http://" + strings.TrimPrefix(s.server.URL, "http://") + "/join#" + first
	if shown.text("code") != first || shown.text("joinUrl") != address {
		t.Errorf("shown: %s", shown.raw)
	}
	if err := samePicture(shown.text("qr"), address); err != nil {
		t.Error(err)
	}
	s.send("sam", "GET", class+"/join-code", "").want(403, "forbidden")
	s.send("nobody", "GET", class+"/join-code", "").want(404, "not_found")
	s.send("ada", "POST", class+"/join-code", "").want(403, "forbidden")
	s.send("sam", "DELETE", class+"/join-code", "").want(403, "forbidden")

	s.send("tina", "POST", class+"/start", "").want(200)
	second := s.setCode(class)
	s.byCode("", first, asGil).want(404, "join_code_wrong")
	s.byCode("", strings.ToLower(second[:4]+"-"+second[4:])+" ", asGil).want(200)
	if again := s.send("tina", "GET", class, "").want(200); again.text("status") != "live" {
		t.Errorf("after its code changed the class is %s", again.raw)
	}
	chosen := s.send("tina", "PATCH", class, `{"joinCode":"lens-es 7"}`).want(200)
	if chosen.text("status") != "live" || chosen.body["startedAt"] == nil {
		t.Errorf("after a code was chosen: %s", chosen.raw)
	}
	s.byCode("sam", "LENSES7", "").want(200)
	s.send("tina", "DELETE", class+"/join-code", "").want(200)
	s.byCode("", "LENSES7", asGil).want(404, "join_code_wrong")
	s.byCode("", second, asGil).want(404, "join_code_wrong")
}

// samePicture compares the black modules of an SVG with those of the code itself.
func samePicture(svg, text string) error {
	want, err := qr.Encode(text, qr.M)
	if err != nil {
		return err
	}
	black := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(svg, -1) {
		var x, y, n, back int
		if _, err := fmt.Sscan(strings.Join(m[1:], " "), &x, &y, &n, &back); err != nil || n != back {
			return fmt.Errorf("run %q: %v", m[0], err)
		}
		for i := range n {
			black[[2]int{x + i - 4, y - 4}] = true
		}
	}
	for y := range want.Size {
		for x := range want.Size {
			if black[[2]int{x, y}] != want.Black(x, y) {
				return fmt.Errorf("module %d,%d of the picture is wrong", x, y)
			}
			delete(black, [2]int{x, y})
		}
	}
	if len(black) > 0 || !strings.Contains(svg, fmt.Sprintf(`viewBox="0 0 %d %d"`, want.Size+8, want.Size+8)) {
		return fmt.Errorf("black outside the code, or no quiet zone: %.200s", svg)
	}
	return nil
}

// TestCodeOpensOneClass: a code belongs to one open class, also when two choose it at once.
func TestCodeOpensOneClass(t *testing.T) {
	s := open(t, nil)
	classes := []string{s.plan(), s.plan(), s.plan(), s.plan()}
	got := make(chan int, len(classes))
	var all sync.WaitGroup
	for i, class := range classes {
		all.Go(func() {
			r, err := http.NewRequest("POST", s.server.URL+class+"/join-code", strings.NewReader(`{"joinCode":"LENSES"}`))
			if err != nil {
				panic(err)
			}
			r.Header = http.Header{"Authorization": {"Bearer tina"}, "Content-Type": {"application/json"}, "Idempotency-Key": {fmt.Sprint("at once ", i)}}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				panic(err)
			}
			_ = res.Body.Close()
			got <- res.StatusCode
		})
	}
	all.Wait()
	close(got)
	count := map[int]int{}
	for status := range got {
		count[status]++
	}
	if count[200] != 1 || count[409] != 3 {
		t.Errorf("four who chose the same code got %v", count)
	}
	s.send("tina", "POST", "/api/sessions", strings.Replace(fmt.Sprintf(planBody, userID("tina"), userID("ada")), `{`, `{"joinCode":"len-ses",`, 1)).want(409, "wrong_state", "joinCode")
}

// TestGuest: nobody who is signed in becomes a guest of the class, waits, is let in, does what a student may, and has no part
// in anything else.
func TestGuest(t *testing.T) {
	s := open(t, nil)
	class, elsewhere := s.live(), s.live("sam")
	code := s.setCode(class)
	joined := s.byCode("", code, asGil).want(200)
	if joined.body["participant"] != nil || joined.text("participantReason") != "waiting_for_admission" || joined.text("guest", "user", "displayName") != "Gil" {
		t.Fatalf("joined: %s", joined.raw)
	}
	token, id, device := joined.text("guest", "accessToken"), joined.text("guest", "user", "id"), joined.text("guest", "device")
	me := s.send(token, "GET", "/api/me", "").want(200)
	if me.body["guest"] != true || me.text("sessionId") != classID(class).String() || me.text("displayName") != "Gil" || me.text("id") != id {
		t.Errorf("me: %s", me.raw)
	}
	socket := s.socket(token, class, "")
	if m := socket.next(); m.View == nil || m.View.Viewer.Standing != session.StandingWaiting {
		t.Fatalf("first frame: %+v", m)
	}
	if inbox := s.send("ada", "GET", class+"/moderation", "").want(200); !strings.Contains(string(inbox.raw), `"guest":true`) {
		t.Errorf("staff see no guest in %s", inbox.raw)
	}
	s.staff(class, "/admissions", `{"action":"admit","userId":"`+id+`"}`)
	socket.until("participant.admitted")
	socket.write(`{"command":{"type":"participant.join","key":"in","payload":{}}}`)
	for m := socket.next(); m.View == nil; m = socket.next() {
	}
	chat := s.send(token, "POST", class+"/chat", hello).want(201)
	if list := s.send("ada", "GET", class+"/chat", "").want(200); !strings.Contains(string(list.raw), `"displayName":"Gil"`) || chat.text("id") == "" {
		t.Errorf("chat: %s", list.raw)
	}
	if state := s.send("ada", "GET", class+"/state", "").want(200); strings.Count(string(state.raw), `"guest":true`) != 1 {
		t.Errorf("the roster marks no guest: %s", state.raw)
	}

	// The same device, after its page was loaded anew, with the body or the cookie; and on another address of the API.
	again := s.byCode("", code, `,"device":"`+device+`"`).want(200)
	if again.text("guest", "user", "id") != id || again.text("participant", "userId") != id || again.text("view", "viewer", "standing") != "member" {
		t.Errorf("the same device again: %s", again.raw)
	}
	cookies := strings.Join(joined.header.Values("Set-Cookie"), "\n")
	if !strings.Contains(cookies, "ms_device="+device+"; Path=/api; Max-Age=86400; HttpOnly; SameSite=Strict") || !strings.Contains(cookies, "ms_access="+token) {
		t.Errorf("cookies: %s", cookies)
	}
	if got := s.send("", "POST", "/api/join", `{"code":"`+code+`"}`, "Cookie", "ms_device="+device).want(200).text("guest", "user", "id"); got != id {
		t.Errorf("by the cookie the device is %s", got)
	}
	if got := s.byCode(token, code, "").want(200); got.body["guest"] != nil || got.text("participant", "userId") != id {
		t.Errorf("by their own token: %s", got.raw)
	}

	for _, path := range []string{elsewhere, elsewhere + "/state", elsewhere + "/chat", elsewhere + "/events?after=1.0"} {
		s.send(token, "GET", path, "").want(404, "not_found")
	}
	s.send(token, "POST", elsewhere+"/join", "").want(404, "not_found")
	s.send(token, "GET", "/api/sessions", "").want(403, "forbidden")
	s.send(token, "POST", "/api/sessions", fmt.Sprintf(planBody, userID("tina"), userID("ada"))).want(403, "forbidden")
	s.send(token, "POST", "/api/auth/password", `{"oldPassword":"a","newPassword":"another password"}`).want(403, "forbidden")
	if _, err := s.dial(token, elsewhere, ""); err == nil {
		t.Error("a guest follows another class")
	}
	s.send(token, "POST", class+"/end", "").want(403, "forbidden")
	s.send(token, "GET", class+"/moderation", "").want(403, "forbidden")

	other := s.setCode(elsewhere)
	if there := s.byCode(token, other, `,"displayName":"Gil","device":"`+device+`"`).want(200); there.text("guest", "user", "id") == id {
		t.Error("a device is the same guest in two classes")
	}
	s.staff(class, "/participants/"+id, `{"action":"ban","banned":true}`)
	socket.closed(4403)
	s.byCode("", code, `,"device":"`+device+`"`).want(403, "banned")
	s.byCode("", code, `,"displayName":"Gil"`).want(200) // another device waits like everybody
}

// TestSignedInByCode: who is signed in joins as themselves, whether or not they have a part in the course.
func TestSignedInByCode(t *testing.T) {
	s := open(t, nil)
	class := s.live()
	code := s.setCode(class)
	for _, name := range []string{"sam", "nobody"} {
		got := s.byCode(name, code, `,"displayName":"The Teacher"`).want(200)
		if got.text("participant", "userId") != userID(name).String() || got.text("participant", "role") != "student" || got.body["guest"] != nil {
			t.Errorf("%s: %s", name, got.raw)
		}
		s.send(name, "POST", class+"/chat", hello).want(201)
	}
	if state := string(s.send("tina", "GET", class+"/state", "").want(200).raw); strings.Contains(state, "The Teacher") || strings.Contains(state, `"guest"`) {
		t.Errorf("state: %s", state)
	}
	if got := s.byCode("ada", code, "").want(200); got.text("participant", "role") != "assistant" {
		t.Errorf("staff: %s", got.raw)
	}
	s.send("nobody", "POST", class+"/leave", "").want(200)
	s.send("nobody", "POST", class+"/join", "").want(403, "forbidden") // the code invited them, no enrolment
	s.byCode("nobody", code, "").want(200)
	s.byCode("foreign-nobody", code, "").want(404, "join_code_wrong")
	s.byCode("mallory", code, asGil).want(401, "unauthenticated")
	s.people.expire("sam")
	s.send("", "POST", "/api/join", `{"code":"`+code+`","displayName":"x"}`, "Cookie", "ms_access=sam").want(401, "token_expired")

	// In a waiting room they are let in as anybody, and need the code no more.
	s.send("tina", "POST", class+"/settings", `{"waitingRoom":true}`).want(200)
	s.people.roles["uma"] = ""
	s.byCode("uma", code, "").want(200)
	s.staff(class, "/admissions", `{"action":"admit","all":true}`)
	s.send("uma", "POST", class+"/join", "").want(200)
}

// TestCodeAsked: what is wrong with a request is named, and leaves nothing behind.
func TestCodeAsked(t *testing.T) {
	s := open(t, nil)
	class := s.live()
	code := s.setCode(class)
	before := s.send("tina", "GET", class+"/state", "").want(200).text("position")
	for body, field := range map[string]string{
		`{}`:          "code",
		`{"code":""}`: "code",
		`{"code":7}`:  "code",
		`{"code":"` + strings.Repeat("A", 41) + `","displayName":"x"}`:                        "code",
		`{"code":"` + code + `"}`:                                                             "displayName",
		`{"code":"` + code + `","displayName":""}`:                                            "displayName",
		`{"code":"` + code + `","displayName":"` + strings.Repeat("x", 81) + `"}`:             "displayName",
		`{"code":"` + code + `","displayName":"x","device":"short"}`:                          "device",
		`{"code":"` + code + `","displayName":"x","device":7}`:                                "device",
		`{"code":"` + code + `","displayName":"x","tenant":"y"}`:                              "tenant",
		`{"code":"` + code + `","displayName":"x","userId":"` + event.NewID().String() + `"}`: "userId",
	} {
		r := s.send("", "POST", "/api/join", body)
		if r.status != 400 || r.text("details", "field") != field {
			t.Errorf("%s: %d %s, want the field %s", body, r.status, r.raw, field)
		}
	}
	s.send("", "POST", "/api/join", `{"code":"`+code+`","displayName":"x"}`, "Idempotency-Key", "").want(400, "idempotency_key_missing")
	for _, bad := range []string{`""`, `"ABC"`, `"ABCDEFGHIJKLM"`, `"ABC/DEF"`, `"ÄÖÜÄÖÜ"`, `7`} {
		s.send("tina", "POST", class+"/join-code", `{"joinCode":`+bad+`}`).want(400, "invalid_field", "joinCode")
	}
	s.send("tina", "POST", class+"/join-code", `{"code":"ABCDEF"}`).want(400, "unknown_field", "code")
	if after := s.send("tina", "GET", class+"/state", "").want(200).text("position"); after != before {
		t.Errorf("the class went from %s to %s", before, after)
	}
	s.people.hosts[strings.TrimPrefix(s.server.URL, "http://")] = other
	s.byCode("", code, asGil).want(404, "join_code_wrong") // the address is another school's
}

// TestSameKeySameCode: a retry of a new code changes nothing more.
func TestSameKeySameCode(t *testing.T) {
	s := open(t, nil)
	class := s.live()
	first := s.send("tina", "POST", class+"/join-code", "", "Idempotency-Key", "once").want(200)
	if second := s.send("tina", "POST", class+"/join-code", "", "Idempotency-Key", "once").want(200); second.text("code") != first.text("code") || second.text("position") != first.text("position") {
		t.Errorf("a retry: %s after %s", second.raw, first.raw)
	}
	s.send("tina", "POST", class+"/join-code", `{"joinCode":"LENSES"}`, "Idempotency-Key", "once").want(409, "idempotency_conflict")
}

// TestTenThousandGuesses: a guesser gets no more than the free tries and what time gives, all wrong ones are told the same,
// and whoever has a right code still comes in: at once where it is known, elsewhere, signed in, and here after a pause.
func TestTenThousandGuesses(t *testing.T) {
	clock := struct {
		sync.Mutex
		at time.Time
	}{at: time.Now()}
	now := func() time.Time { clock.Lock(); defer clock.Unlock(); return clock.at }
	s := open(t, func(o *gateway.Options) { o.Now = now })
	known, fresh := s.live(), s.live()
	knownCode := s.setCode(known)
	freshCode := "LENSES77"
	s.send("tina", "PATCH", fresh, `{"joinCode":"`+freshCode+`"}`).want(200) // shown nowhere at this address
	s.byCode("", knownCode, deviceOf(0)).want(200)
	first := s.byCode("", "AAAAAAAA", asGil).want(404, "join_code_wrong").text("message")
	asked, told := s.classes.asked, map[string]int{}
	for i := range 10_000 {
		clock.Lock()
		clock.at = clock.at.Add(10 * time.Millisecond) // 100 a second
		clock.Unlock()
		r := s.byCode("", fmt.Sprintf("GUESS%03dX", i), asGil)
		told[r.text("code")]++
		if r.status == 404 && r.text("message") != first {
			t.Fatalf("a wrong code is told %s", r.raw)
		}
		if i%2000 == 1999 {
			s.byCode("", knownCode, deviceOf(i)).want(200)
			s.byCode("nobody", freshCode, "").want(200)
		}
	}
	judged := s.classes.asked - asked - 10 // the ten that were right
	if most := 60 + 50 + 1; told["join_code_wrong"] > most || judged > most || told["join_code_wrong"]+told["rate_limited"] != 10_000 {
		t.Errorf("of 10,000 guesses in 100 s %v were told, %d judged; want at most %d", told, judged, most)
	}
	s.byCode("", freshCode, asGil).want(429, "rate_limited") // not learned at this address: it says nothing about it
	clock.Lock()
	clock.at = clock.at.Add(3 * time.Second)
	clock.Unlock()
	s.byCode("", freshCode, asGil).want(200)
	s.byCode("", freshCode, deviceOf(1)).want(200)
}
