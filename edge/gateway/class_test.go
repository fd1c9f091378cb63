package gateway_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestClass runs a class over REST: every answer is held to the document by send.
func TestClass(t *testing.T) {
	s := open(t, nil)
	class := s.plan()
	if got := s.send("sam", "POST", class+"/join", "").want(200); got.body["participant"] != nil || got.text("participantReason") != "waiting_for_admission" {
		t.Errorf("joining before the start: %s", got.raw)
	}
	started := s.send("tina", "POST", class+"/start", "").want(200)
	if started.text("session", "status") != "live" || started.body["livekitToken"] != nil || started.text("livekitTokenReason") != "media_off" {
		t.Errorf("start: %s", started.raw)
	}
	for _, name := range []string{"tina", "ada", "sam", "sue"} {
		joined := s.send(name, "POST", class+"/join", "").want(200)
		if joined.text("participant", "userId") != userID(name).String() || joined.text("view", "viewer", "userId") != userID(name).String() {
			t.Errorf("%s joining: %s", name, joined.raw)
		}
	}
	scene := s.send("tina", "POST", class+"/scenes", `{"name":"Board","layout":{"name":"board"},"order":1}`).want(201)
	s.send("tina", "POST", class+"/scene", `{"sceneId":"`+scene.text("id")+`"}`).want(200)
	s.send("tina", "PATCH", class+"/scenes/"+scene.text("id"), `{"name":"Board 2","layout":{"name":"board"},"order":2}`).want(200)
	s.send("tina", "POST", class+"/whiteboard", `{"action":"draw","sceneId":"`+scene.text("id")+`","operations":[{"op":"draw","stroke":{"kind":"line","color":"#ff0000","width":9,"points":[1,2,3,4]}}]}`).want(200)
	if got := s.send("sam", "GET", class+"/scenes", "").want(200); !strings.Contains(string(got.raw), "Board 2") {
		t.Errorf("scenes: %s", got.raw)
	}
	chat := s.send("sam", "POST", class+"/chat", `{"content":"hello","to":{"audience":"all"}}`).want(201)
	if chat.text("createdAt") == "" || !strings.Contains(string(s.send("sue", "GET", class+"/chat", "").want(200).raw), chat.text("id")) {
		t.Errorf("chat: %s", chat.raw)
	}
	question := s.send("sue", "POST", class+"/questions", `{"content":"why?"}`).want(201)
	s.send("sam", "POST", class+"/questions/"+question.text("id")+"/upvote", "").want(200)
	s.send("ada", "POST", class+"/questions/"+question.text("id")+"/answer", `{"content":"because"}`).want(200)
	poll := s.send("ada", "POST", class+"/polls", `{"prompt":"Clear?","options":["yes","no"]}`).want(201)
	s.send("sam", "POST", class+"/polls/"+poll.text("id")+"/votes", `{"choices":[0]}`).want(200)
	s.send("ada", "POST", class+"/polls/"+poll.text("id")+"/end", "").want(200)
	s.send("sam", "POST", class+"/hands", `{"action":"raise"}`).want(200)
	s.send("ada", "POST", class+"/moderation", fmt.Sprintf(`{"action":"claim","itemId":"%s","kind":"hand"}`, userID("sam"))).want(200)
	s.send("ada", "GET", class+"/moderation", "").want(200)
	s.send("tina", "POST", class+"/permissions", fmt.Sprintf(`{"userId":"%s","grants":["draw"]}`, userID("sam"))).want(200)
	s.send("tina", "POST", class+"/participants/"+userID("sue").String(), `{"action":"mute","muted":true}`).want(200)
	s.send("tina", "POST", class+"/marks", `{"title":"Halves"}`).want(201)
	s.send("tina", "POST", class+"/ctas", `{"label":"More","url":"https://example.org"}`).want(201)
	s.send("tina", "POST", class+"/notes", `{"content":"homework","audience":"all"}`).want(201)
	s.send("tina", "POST", class+"/recording", `{"action":"start"}`).want(503, "recorder_not_armed")
	s.send("sam", "POST", class+"/media-token", "").want(503, "media_off")
	s.send("sam", "POST", "/api/join", `{"code":"1"}`).want(404, "join_code_wrong")
	for _, path := range []string{"", "/state", "/polls", "/questions", "/assets"} {
		s.send("sam", "GET", class+path, "").want(200)
	}
	ending := s.send("tina", "POST", class+"/end", "").want(200)
	if ending.text("endsAt") == "" || ending.text("session", "status") != "live" {
		t.Errorf("end: %s", ending.raw)
	}
	s.send("tina", "POST", class+"/undo-end", "").want(200)
	if got := s.send("max", "GET", "/api/sessions?status=live", "").want(200); !strings.Contains(string(got.raw), classID(class).String()) {
		t.Errorf("list: %s", got.raw)
	}
	if got := s.send("nobody", "GET", "/api/sessions", "").want(200); strings.Contains(string(got.raw), classID(class).String()) {
		t.Errorf("somebody without a role sees %s", got.raw)
	}
}

// TestRepeat: the same key and command again give the same answer; another command, or key, does not.
func TestRepeat(t *testing.T) {
	s := open(t, nil)
	body := fmt.Sprintf(planBody, userID("tina"), userID("ada"))
	first := s.send("tina", "POST", "/api/sessions", body, "Idempotency-Key", "plan").want(201)
	if again := s.send("tina", "POST", "/api/sessions", body, "Idempotency-Key", "plan").want(201); string(again.raw) != string(first.raw) {
		t.Errorf("first %s\nagain %s", first.raw, again.raw)
	}
	s.send("tina", "POST", "/api/sessions", strings.Replace(body, "Fractions", "Decimals", 1), "Idempotency-Key", "plan").want(409, "idempotency_conflict")
	if byOther := s.send("max", "POST", "/api/sessions", body, "Idempotency-Key", "plan").want(201); byOther.text("id") == first.text("id") {
		t.Error("two people's keys made one class")
	}
	class := s.live("sam")
	for path, body := range map[string]string{"/chat": `{"content":"x","to":{"audience":"all"}}`, "/questions": `{"content":"x"}`} {
		key := "same" + path
		one := s.send("sam", "POST", class+path, body, "Idempotency-Key", key).want(201)
		two := s.send("sam", "POST", class+path, strings.Replace(body, "{", `{"idempotencyKey":"`+key+`",`, 1), "Idempotency-Key", "").want(201)
		if string(one.raw) != string(two.raw) {
			t.Errorf("%s: first %s, again %s", path, one.raw, two.raw)
		}
	}
	started := s.send("tina", "POST", class+"/end", "", "Idempotency-Key", "end").want(200)
	s.send("tina", "POST", class+"/undo-end", "").want(200)
	if again := s.send("tina", "POST", class+"/end", "", "Idempotency-Key", "end").want(200); string(again.raw) != string(started.raw) {
		t.Errorf("first %s\nagain %s", started.raw, again.raw)
	}
}
