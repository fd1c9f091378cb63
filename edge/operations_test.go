package edge

import (
	"testing"
)

// TestRestOfTheOperations calls, on a real edge, what no other test brings to a success.
func TestRestOfTheOperations(t *testing.T) {
	s := newServer(t)
	teacher, ada := s.signIn("teacher"), s.signIn("student01")
	type m = map[string]any
	for _, document := range []string{"/api/openapi.json", "/api/socket.schema.json", "/api/box"} {
		(&person{s: s, name: "nobody"}).call("GET", document, nil).want(200)
	}
	teacher.call("GET", "/api/courses/"+s.demo.Course.ID.String(), nil).want(200)

	off := s.schedule(teacher, nil)
	teacher.call("POST", off+"/join-code", m{}).want(200)
	teacher.call("DELETE", off+"/join-code", nil).want(200)
	if got := teacher.call("DELETE", off, nil).want(200); got.text("status") != "cancelled" {
		t.Errorf("a cancelled class is %s", got.body)
	}

	class := s.schedule(teacher, m{"settings": m{"waitingRoom": true}})
	teacher.call("POST", class+"/start", m{}).want(200)
	teacher.call("POST", class+"/join", m{}).want(200)
	ada.call("POST", class+"/join", m{}).want(200)
	teacher.call("POST", class+"/admissions", m{"action": "admit", "userId": s.demo.Students[0].ID}).want(200)
	position := ada.call("POST", class+"/join", m{}).want(200).text("position")
	asset := teacher.call("POST", class+"/assets?kind=media&name=Picture", picture(t)).want(201).text("assetId")
	teacher.call("DELETE", class+"/assets/"+asset, nil).want(200)
	teacher.call("POST", class+"/settings", m{"polls": false}).want(200)
	if got := ada.call("GET", class+"/frames?wait=0&after="+position, nil).want(200); got.at("frames.0") == nil {
		t.Errorf("frames after %s: %s", position, got.body)
	}
	if got := ada.call("GET", class+"/participants?limit=1", nil).want(200); got.at("present") != 2.0 || got.at("next") == nil {
		t.Errorf("the first of two people: %s", got.body)
	}
}

// TestMessagesOfSockets: a socket of a real edge sends what the schema knows: what was not seen by chance is brought about.
func TestMessagesOfSockets(t *testing.T) {
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", map[string]any{}).want(200)
	teacher.call("POST", class+"/join", map[string]any{}).want(200)
	l := teacher.listen(class)
	l.write(`{"command":{"type":"chat.send","key":"said","payload":{"content":"x","to":{"audience":"all"}}}}`)
	l.until("an answer", func(h *heard) bool { return h.Reply != nil })
	l.write(`{"command":{"type":"no.such","key":"k","payload":{}}}`)
	l.until("an error", func(h *heard) bool { return h.Error != nil })
}
