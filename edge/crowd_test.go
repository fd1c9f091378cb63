package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/limits"
)

// crowd makes n further people of the school, who have a part in no course, and signs them in.
func (s *server) crowd(n int) []string {
	s.t.Helper()
	hash, err := identity.Argon2{MemoryKiB: 8, Passes: 1, Lanes: 1}.Hash(identity.DemoPassword)
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]string, n)
	for i := range out {
		u := directory.User{ID: event.NewID(), TenantID: s.demo.Tenant.ID, Username: fmt.Sprintf("crowd%03d", i), DisplayName: fmt.Sprintf("Crowd %03d", i),
			Status: "active", PasswordHash: hash, Roles: []directory.Role{directory.Student}}
		if err := s.box.Store.UpsertUser(s.t.Context(), u); err != nil {
			s.t.Fatal(err)
		}
		pair, err := s.box.People.Login(s.t.Context(), identity.LoginRequest{Username: u.Username, Password: identity.DemoPassword, Address: fmt.Sprintf("10.0.%d.1", i)})
		if err != nil {
			s.t.Fatal(err)
		}
		out[i] = pair.AccessToken
	}
	return out
}

// atOnce posts n requests at the same time and counts the answers by status and code; each is held to the published document.
// Who is asked to come back in a moment does, with the same key.
func (s *server) atOnce(n int, path string, body func(i int) map[string]any, token func(i int) string) (map[string]int, []answer) {
	s.t.Helper()
	answers, errs := make([]answer, n), make([]error, n)
	var ready, all sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		all.Go(func() {
			raw, err := json.Marshal(body(i))
			if err != nil {
				panic(err)
			}
			ready.Done()
			<-gate
			for again := true; again && errs[i] == nil; again = answers[i].status >= 503 {
				answers[i], errs[i] = s.post(path, fmt.Sprintf("%s %d", path, i), token(i), raw)
			}
		})
	}
	ready.Wait()
	close(gate)
	all.Wait()
	told := map[string]int{}
	for i := range answers {
		if errs[i] != nil {
			s.t.Fatal(errs[i])
		}
		told[fmt.Sprint(answers[i].status, " ", answers[i].text("code"))]++
	}
	return told, answers
}

// patient waits for a box that does a crowd's work on a busy machine.
var patient = &http.Client{Timeout: 5 * time.Minute}

func (s *server) post(path, key, token string, body []byte) (answer, error) {
	r, err := http.NewRequest("POST", s.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := patient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil {
		err = checkResponse("POST", path, res.StatusCode, got)
	}
	return answer{t: s.t, what: "POST " + path, status: res.StatusCode, body: got}, err
}

// present counts who is in a class, by what its log says; nobody may be in it twice.
func (s *server) present(teacher *person, class string) int {
	s.t.Helper()
	state := teacher.call("GET", class+"/state", nil).want(200)
	seen, n := map[any]bool{}, 0
	people, _ := state.at("view.roster.people").([]any)
	for _, p := range people {
		one := p.(map[string]any)
		if seen[one["userId"]] {
			s.t.Errorf("%v is in the class twice", one["userId"])
		}
		if seen[one["userId"]] = true; one["present"] == true {
			n++
		}
	}
	if told, _ := state.at("view.roster.present").(float64); int(told) != n {
		s.t.Errorf("%d people are present, the class says %v", n, told)
	}
	return n
}

// TestThreeHundredForThirty: of 300 people who come at once by the code of a class for 30, as many get in as there is room,
// the others are told that it is full; staff get in.
func TestThreeHundredForThirty(t *testing.T) {
	type m = map[string]any
	const crowd, room = 300, 30
	s := newServer(t)
	teacher, assistant := s.signIn("teacher"), s.signIn("assistant")
	tokens := s.crowd(crowd)
	class := s.schedule(teacher, m{"capacity": room})
	code := teacher.call("POST", class+"/join-code", m{}).want(200).text("code")
	teacher.call("POST", class+"/start", m{}).want(200)
	come := func(i int) map[string]any { return m{"code": code} }
	as := func(i int) string { return tokens[i] }
	told, answers := s.atOnce(crowd, "/api/join", come, as)
	if told["200 "] != room || told["409 session_full"] != crowd-room {
		t.Errorf("the crowd was told %v", told)
	}
	for _, a := range answers {
		if in := a.status == 200; in != (a.text("view.viewer.standing") == "member") || !in && a.text("message") == "" {
			t.Errorf("told %s", a.body)
		}
	}
	if n := s.present(teacher, class); n != room {
		t.Errorf("%d are in", n)
	}
	told, _ = s.atOnce(crowd, "/api/join", come, as) // each again with the same key
	if told["200 "] != room || told["409 session_full"] != crowd-room {
		t.Errorf("asked again, the crowd was told %v", told)
	}
	teacher.call("POST", class+"/join", m{}).want(200)
	assistant.call("POST", "/api/join", m{"code": code}).want(200)
	if n := s.present(teacher, class); n != room+2 {
		t.Errorf("with staff %d are in", n)
	}
}

// TestACrowdOfGuests: the waiting room takes as many as it holds, and of those who were let in as many get in as there is room.
func TestACrowdOfGuests(t *testing.T) {
	type m = map[string]any
	const room, late = 30, 10
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, m{"capacity": room})
	code := teacher.call("POST", class+"/join-code", m{}).want(200).text("code")
	teacher.call("POST", class+"/start", m{}).want(200)
	nobody := func(int) string { return "" }
	come := func(i int) map[string]any {
		return m{"code": code, "displayName": fmt.Sprintf("Guest %03d", i), "device": fmt.Sprintf("device-%030d", i)}
	}
	told, answers := s.atOnce(limits.WaitingPeople+late, "/api/join", come, nobody)
	if told["200 "] != limits.WaitingPeople || told["409 session_full"] != late {
		t.Errorf("the crowd was told %v", told)
	}
	if waiting, _ := teacher.call("GET", class+"/moderation", nil).want(200).at("waiting").([]any); len(waiting) != limits.WaitingPeople {
		t.Errorf("%d wait", len(waiting))
	}
	teacher.call("POST", class+"/admissions", m{"action": "admit", "all": true}).want(200)
	told, _ = s.atOnce(len(answers), class+"/join", func(int) map[string]any { return m{} }, func(i int) string { return answers[i].text("guest.accessToken") })
	if told["200 "] != room || told["409 session_full"] != limits.WaitingPeople-room || told["401 unauthenticated"] != late {
		t.Errorf("let in, the crowd was told %v", told)
	}
	if n := s.present(teacher, class); n != room {
		t.Errorf("%d are in", n)
	}
}
