package edge

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWholeClass holds a class from schedule to end over the real API; each answer is held to the published document.
func TestWholeClass(t *testing.T) {
	s := newServer(t)
	teacher, assistant, ada, ben := s.signIn("teacher"), s.signIn("assistant"), s.signIn("student01"), s.signIn("student02")
	type m = map[string]any
	ok := func(a answer) answer {
		t.Helper()
		if a.status >= 300 {
			t.Fatalf("%s answered %d %s", a.what, a.status, a.body)
		}
		return a
	}
	ok(teacher.call("GET", "/api/me", nil))
	class := s.schedule(teacher, nil)
	ok(teacher.call("PATCH", class, m{"title": "Lenses and mirrors"}))
	ok(teacher.call("GET", "/api/sessions", nil))
	ok(teacher.call("GET", class, nil))

	ok(teacher.call("POST", class+"/join", m{}))
	if early := ok(ada.call("POST", class+"/join", m{})); early.at("participant") != nil || early.text("view.viewer.standing") != "waiting" {
		t.Errorf("before the start a student got %s", early.body)
	}
	ok(teacher.call("POST", class+"/start", m{}))
	ok(ada.call("POST", class+"/join", m{}))
	ok(ben.call("POST", class+"/join", m{}))
	ok(assistant.call("POST", class+"/join", m{}))

	slides := ok(teacher.call("POST", class+"/assets?kind=slide&name=Lenses&pages=1", picture(t))).text("assetId")
	if got := ok(ada.call("GET", class+"/assets/"+slides, nil)); !bytes.Equal(got.body, picture(t)) {
		t.Error("the slide is not what was uploaded")
	}
	ok(ada.call("GET", class+"/assets", nil))
	scene := ok(teacher.call("POST", class+"/scenes", m{"name": "Slides", "layout": m{"name": "slide"}})).text("id")
	ok(teacher.call("PATCH", class+"/scenes/"+scene, m{"name": "Slides of today", "layout": m{"name": "slide"}, "order": 3}))
	spare := ok(teacher.call("POST", class+"/scenes", m{"name": "Spare", "layout": m{"name": "board"}})).text("id")
	ok(teacher.call("POST", class+"/slides", m{"sceneId": scene, "assetId": slides, "pageIndex": 0}))
	ok(teacher.call("POST", class+"/scene", m{"sceneId": scene}))
	ok(teacher.call("POST", class+"/layout", m{"sceneId": scene, "layout": m{"name": "split"}}))
	ok(ada.call("GET", class+"/scenes", nil))

	stroke := m{"op": "draw", "stroke": m{"kind": "pen", "color": "#0a0b0c", "width": 40, "points": []int{1, 2, 3, 4}}}
	ok(teacher.call("POST", class+"/scene", m{"sceneId": spare}))
	ok(teacher.call("POST", class+"/whiteboard", m{"action": "page", "sceneId": spare}))
	view := ok(ada.call("GET", class+"/state", nil))
	page := view.text("view.studio.pages.0.assetId")
	ok(teacher.call("POST", class+"/whiteboard", m{"action": "draw", "sceneId": spare, "assetId": page, "operations": []m{stroke}}))
	checksum := ok(ada.call("GET", class+"/state", nil)).text("view.studio.pages.0.checksum")
	ok(ada.call("GET", class+"/assets/"+page+"?checksum="+checksum, nil))
	ok(teacher.call("POST", class+"/whiteboard", m{"action": "undo", "sceneId": spare, "assetId": page}))
	ok(teacher.call("POST", class+"/whiteboard", m{"action": "clear", "sceneId": spare, "assetId": page}))
	ok(teacher.call("POST", class+"/scene", m{"sceneId": scene}))
	ok(teacher.call("DELETE", class+"/scenes/"+spare, nil))

	all := m{"audience": "all"}
	message := ok(ada.call("POST", class+"/chat", m{"content": "Is the image upside down?", "to": all})).text("id")
	ok(ben.call("POST", class+"/reports", m{"messageId": message, "reason": "other"}))
	report := ok(assistant.call("GET", class+"/moderation", nil)).text("reports.0.reportId")
	ok(assistant.call("POST", class+"/moderation", m{"action": "claim", "itemId": report, "kind": "report"}))
	ok(assistant.call("POST", class+"/moderation", m{"action": "release", "itemId": report}))
	ok(assistant.call("POST", class+"/reports/"+report, m{"outcome": "dismissed"}))
	ok(teacher.call("POST", class+"/chat/settings", m{"enabled": true, "hold": true, "slowSeconds": 0, "private": "staff"}))
	held := ok(ben.call("POST", class+"/chat", m{"content": "Can I see the board again?", "to": all})).text("id")
	ok(assistant.call("POST", class+"/chat/"+held+"/approve", m{}))
	ok(assistant.call("DELETE", class+"/chat/"+held, nil))
	ok(ada.call("GET", class+"/chat", nil))

	question := ok(ada.call("POST", class+"/questions", m{"content": "Why does a lens turn it over?"})).text("id")
	ok(ben.call("POST", class+"/questions/"+question+"/upvote", m{}))
	ok(ben.call("DELETE", class+"/questions/"+question+"/upvote", nil))
	ok(teacher.call("POST", class+"/questions/"+question+"/answer", m{"content": "The rays cross in the focus."}))
	for _, end := range []string{"resolve", "dismiss"} {
		q := ok(ben.call("POST", class+"/questions", m{"content": "And a mirror?"})).text("id")
		ok(teacher.call("POST", class+"/questions/"+q+"/"+end, m{}))
	}
	ok(ada.call("GET", class+"/questions", nil))

	for _, anonymous := range []bool{false, true} {
		poll := ok(teacher.call("POST", class+"/polls", m{"prompt": "Real or virtual?", "options": []string{"real", "virtual"},
			"multiple": false, "anonymous": anonymous, "live": false})).text("id")
		ok(ada.call("POST", class+"/polls/"+poll+"/votes", m{"choices": []int{0}}))
		ok(ada.call("POST", class+"/polls/"+poll+"/votes", m{"choices": []int{1}}))
		ok(ben.call("POST", class+"/polls/"+poll+"/votes", m{"choices": []int{1}}))
		ok(teacher.call("POST", class+"/polls/"+poll+"/end", m{}))
	}
	polls := ok(ada.call("GET", class+"/polls", nil))
	if strings.Count(string(polls.body), `"counts":[0,2]`) != 2 {
		t.Errorf("polls ended as %s", polls.body)
	}

	ok(ada.call("POST", class+"/hands", m{"action": "raise"}))
	ok(teacher.call("POST", class+"/permissions", m{"userId": s.demo.Students[0].ID, "grants": []string{"draw"}}))
	ok(teacher.call("POST", class+"/hands", m{"action": "lower", "userId": s.demo.Students[0].ID}))
	ok(ben.call("POST", class+"/reactions", m{"reaction": "clap"}))
	ok(teacher.call("POST", class+"/participants/"+s.demo.Students[1].ID.String(), m{"action": "mute", "muted": true}))
	ok(ada.call("POST", class+"/consent", m{"action": "give", "purpose": "captions"}))
	ok(teacher.call("POST", class+"/lock", m{"action": "lock"}))
	ok(teacher.call("POST", class+"/lock", m{"action": "unlock"}))
	ok(teacher.call("POST", class+"/exam", m{"action": "start"}))
	ok(ada.call("POST", class+"/exam", m{"action": "focus", "focused": false}))
	ok(teacher.call("POST", class+"/exam", m{"action": "end"}))
	cta := ok(teacher.call("POST", class+"/ctas", m{"label": "Homework", "url": "https://demo.school/lenses"})).text("id")
	ok(teacher.call("DELETE", class+"/ctas/"+cta, nil))
	ok(teacher.call("POST", class+"/marks", m{"title": "Mirrors"}))
	ok(teacher.call("POST", class+"/notes", m{"content": "Bring lenses next time", "audience": "staff"}))
	ada.call("POST", class+"/media-token", m{}).refused(503, "media_off")
	teacher.call("POST", class+"/recording", m{"action": "start"}).refused(503, "recorder_not_armed")

	ok(teacher.call("POST", class+"/halt", m{}))
	ada.call("POST", class+"/hands", m{"action": "raise"}).refused(503, "session_halted")
	ok(teacher.call("POST", class+"/resume", m{}))
	ok(ada.call("GET", class+"/events?after=1.0", nil))
	ok(ben.call("POST", class+"/leave", m{}))
	ok(teacher.call("POST", class+"/end", m{}))
	ok(teacher.call("POST", class+"/undo-end", m{}))
	ok(teacher.call("POST", class+"/end", m{}))
	s.waitUntil("the class has ended", func() bool { return teacher.call("GET", class, nil).text("status") == "ended" })
	ada.call("POST", class+"/chat", m{"content": "late", "to": all}).refused(409, "session_ended")
	ok(teacher.call("POST", class+"/archive", m{}))
}
