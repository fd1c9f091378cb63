package edge

import (
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/edge/features"
)

// drilled is one command of each feature that people have, over the API.
func drilled(scene string) map[string]struct {
	path string
	body map[string]any
} {
	type m = map[string]any
	return map[string]struct {
		path string
		body map[string]any
	}{
		"board":     {"/whiteboard", m{"action": "page", "sceneId": scene}},
		"chapters":  {"/marks", m{"title": "Here"}},
		"chat":      {"/chat", m{"content": "hello", "to": m{"audience": "all"}}},
		"ctas":      {"/ctas", m{"label": "Read", "url": "https://example.org"}},
		"hands":     {"/hands", m{"action": "raise"}},
		"notes":     {"/notes", m{"content": "remember", "audience": "all"}},
		"polls":     {"/polls", m{"prompt": "Clear?", "options": []string{"yes", "no"}}},
		"questions": {"/questions", m{"content": "Why?"}},
		"scenes":    {"/scenes", m{"name": "Another", "layout": m{"name": "slide"}}},
		"slides":    {"/slides", m{"sceneId": scene, "assetId": scene, "pageIndex": 0}},
	}
}

// TestDrillsOverTheAPI puts each feature of a running class out of order, in each way, through the operator's door. Its
// callers get feature_degraded, everybody's view says so, scenes go on, and it comes back by itself.
func TestDrillsOverTheAPI(t *testing.T) {
	s := newServer(t)
	teacher, ada := s.signIn("teacher"), s.signIn("student01")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", map[string]any{}).want(200)
	teacher.call("POST", class+"/join", map[string]any{}).want(200)
	ada.call("POST", class+"/join", map[string]any{}).want(200)
	scene := teacher.call("POST", class+"/scenes", map[string]any{"name": "Board", "layout": map[string]any{"name": "board"}}).want(201).text("id")
	door := s.door()
	uses := drilled(scene)
	reasons := func() map[string]any {
		reasons, _ := ada.call("GET", class+"/state", nil).want(200).at("view.features").(map[string]any)
		return reasons
	}
	// round puts some features out of order at once, while another one must go on.
	round := func(kind string, names []string, bystander func()) {
		t.Helper()
		var down sync.WaitGroup
		for _, name := range names {
			door.call("POST", "/drills", map[string]any{"feature": name, "fault": kind, "seconds": 600}).want(200)
			down.Go(func() { teacher.call("POST", class+uses[name].path, uses[name].body).refused(503, "feature_degraded") })
		}
		down.Wait()
		bystander()
		s.waitSlowly("everybody is shown what does not work", func() bool { return len(reasons()) == len(names) })
		for _, name := range names {
			door.call("DELETE", "/drills/"+name, nil).want(200)
		}
		s.waitSlowly("all of it came back", func() bool { return len(reasons()) == 0 })
		for _, name := range names {
			if a := teacher.call("POST", class+uses[name].path, uses[name].body); a.text("code") == "feature_degraded" {
				t.Errorf("after the drill %s answers %s", name, a.body)
			}
		}
	}
	switchScene := func() { teacher.call("POST", class+"/scene", map[string]any{"sceneId": scene}).want(200) }
	say := func() { ada.call("POST", class+"/chat", uses["chat"].body).want(201) }
	var others []string
	for name := range uses {
		if name != "scenes" {
			others = append(others, name)
		}
	}
	for _, kind := range []string{"refuse", "crash", "hang"} {
		round(kind, others, switchScene)
		round(kind, []string{"scenes"}, say)
	}
	if lines := door.text("/metrics"); strings.Count(lines, "edge_feature_up{") != len(features.Names()) || strings.Contains(lines, `edge_feature_failures_total{feature="chat"} 0`) {
		t.Error("the metrics do not tell of every feature and of what failed")
	}
}

// TestDoor: who has not the token gets nothing, and bad orders name their field.
func TestDoor(t *testing.T) {
	s := newServer(t)
	door := s.door()
	stranger := *door
	stranger.token = strings.Repeat("x", len(door.token))
	for _, path := range []string{"/metrics", "/features", "/replication", "/debug/pprof/"} {
		door.call("GET", path, nil).want(200)
		if a := stranger.call("GET", path, nil); a.status != 401 {
			t.Errorf("%s answered %d to a stranger", path, a.status)
		}
	}
	for want, body := range map[string]any{
		"feature": map[string]any{"feature": "class", "fault": "refuse", "seconds": 5},
		"fault":   map[string]any{"feature": "chat", "fault": "burn", "seconds": 5},
		"seconds": map[string]any{"feature": "chat", "fault": "refuse", "seconds": 5 * time.Hour / time.Second},
	} {
		if a := door.call("POST", "/drills", body).want(400); a.text("details.field") != want {
			t.Errorf("want the field %s named: %s", want, a.body)
		}
	}
	door.call("POST", "/drills", "[1]").want(400)
	door.call("POST", "/drills", map[string]any{"feature": "chat", "fault": "refuse", "seconds": 5, "more": 1}).want(400)
	if a := s.signIn("admin").call("GET", "/metrics", nil); a.status != 404 {
		t.Errorf("/metrics answered %d at the people's door", a.status)
	}
}
