package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/edge/sqlite"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/limits"
)

// TestAdminRunsTheDirectory goes through every address of the local admin API; each answer is held to the published document.
func TestAdminRunsTheDirectory(t *testing.T) {
	s := newServer(t)
	admin, teacher, pupil := s.signIn("admin"), s.signIn("teacher"), s.signIn("student01")

	kim := admin.call("POST", "/api/users", m{"displayName": "Kim Berg", "roles": []string{"student"}}).want(201)
	second := admin.call("POST", "/api/users", m{"displayName": "Kim  Berg", "roles": []string{"student"}}).want(201)
	if kim.text("username") != "kim.berg" || second.text("username") != "kim.berg2" || len(kim.text("oneTimePassword")) != 14 {
		t.Errorf("made %s and %s", kim.body, second.body)
	}
	nobody := &person{s: s, name: "nobody"}
	sign := m{"username": "kim.berg", "password": kim.text("oneTimePassword")}
	nobody.call("POST", "/api/auth/login", sign).refused(403, "password_change_required")
	nobody.call("POST", "/api/auth/password", m{"username": "kim.berg", "oldPassword": kim.text("oneTimePassword"), "newPassword": "lenses are fun"}).want(200)
	nobody.call("POST", "/api/auth/login", m{"username": "KIM.berg", "password": "lenses are fun"}).want(200)

	path := "/api/users/" + kim.text("id")
	got := admin.call("GET", path, nil).want(200)
	if got.at("mustChangePassword") != false || got.at("oneTimePassword") != nil {
		t.Errorf("got %s", got.body)
	}
	now := admin.call("PATCH", path, m{"version": got.text("version"), "displayName": "Kim Bergmann", "email": "kim@demo.school"}).want(200)
	admin.call("PATCH", path, m{"version": now.text("version"), "email": "TEACHER@demo.school"}).refused(400, "invalid_field")
	admin.call("PATCH", path, m{"version": now.text("version"), "username": "", "email": ""}).refused(400, "invalid_field")
	admin.call("PATCH", path, m{"version": now.text("version"), "roles": []string{"boss"}}).refused(400, "invalid_field")
	for query, want := range map[string]int{"search=bergMANN": 1, "search=KIM@": 1, "search=%25": 0, "role=admin": 1, "role=student&limit=200": 32,
		"status=disabled": 0, "search=student+0&limit=5": 5} {
		if page := admin.call("GET", "/api/users?"+query, nil).want(200); len(page.at("users").([]any)) != want {
			t.Errorf("%s: %s", query, page.body)
		}
	}
	seen, after := map[string]bool{}, ""
	for {
		page := admin.call("GET", "/api/users?limit=7"+after, nil).want(200)
		for i := range page.at("users").([]any) {
			seen[page.text(fmt.Sprintf("users.%d.id", i))] = true
		}
		if page.at("next") == nil {
			break
		}
		after = "&after=" + page.text("next")
	}
	if len(seen) != 35 {
		t.Errorf("%d people on all pages, want 35", len(seen))
	}
	cards := admin.call("POST", "/api/users/cards", m{"userIds": []any{kim.text("id"), s.demo.Students[0].ID}}).want(200)
	pupil.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	nobody.call("POST", "/api/auth/login", m{"username": "student01", "password": cards.text("cards.1.oneTimePassword")}).refused(403, "password_change_required")

	course := admin.call("POST", "/api/courses", m{"title": "Optics 8a"}).want(201)
	at := "/api/courses/" + course.text("id")
	if draft := admin.call("PATCH", at, m{"version": course.text("version"), "status": "draft"}).want(200); draft.text("status") != "draft" {
		t.Errorf("now %s", draft.body)
	}
	lesson := admin.call("POST", at+"/lessons", m{"title": "Prisms", "order": 1}).want(201)
	lessonAt := "/api/lessons/" + lesson.text("id")
	admin.call("PATCH", lessonAt, m{"version": lesson.text("version"), "order": 2}).want(200)
	admin.call("PATCH", lessonAt, m{"version": lesson.text("version"), "order": 3}).refused(409, "version_conflict")
	admin.call("POST", at+"/enrolments", m{"userId": kim.text("id"), "role": "student"}).want(200)
	admin.call("POST", at+"/enrolments", m{"userId": event.NewID(), "role": "student"}).refused(404, "not_found")
	if all := admin.call("GET", at+"/enrolments", nil).want(200); len(all.at("enrolments").([]any)) != 1 {
		t.Errorf("enrolled: %s", all.body)
	}
	if mine := teacher.call("GET", "/api/courses", nil).want(200); len(mine.at("courses").([]any)) != 1 {
		t.Errorf("the teacher's courses: %s", mine.body)
	}
	if all := admin.call("GET", "/api/courses", nil).want(200); len(all.at("courses").([]any)) != 2 {
		t.Errorf("the admin's courses: %s", all.body)
	}
	teacher.call("GET", at, nil).refused(404, "not_found")
	teacher.call("GET", at+"/lessons", nil).refused(404, "not_found")
	teacher.call("GET", "/api/courses/"+s.demo.Course.ID.String()+"/lessons", nil).want(200)
	admin.call("GET", at+"/lessons", nil).want(200)
	admin.call("DELETE", at+"/enrolments/"+kim.text("id"), nil).want(200)
	admin.call("DELETE", lessonAt, nil).want(200)
	admin.call("DELETE", lessonAt, nil).refused(404, "not_found")
	admin.call("DELETE", "/api/courses/"+s.demo.Course.ID.String(), nil).refused(409, "wrong_state") // a class is planned
	admin.call("DELETE", at, nil).want(200)
	admin.call("GET", at, nil).refused(404, "not_found")

	for _, p := range []*person{teacher, s.signIn("student02")} {
		for _, c := range [][2]string{{"GET", "/api/users"}, {"GET", path}, {"POST", "/api/users"}, {"PATCH", path}, {"POST", "/api/users/cards"},
			{"POST", "/api/courses"}, {"GET", at + "/enrolments"}, {"GET", "/api/audit"}} {
			body := map[string]any{"POST/api/users": m{"displayName": "Eve", "roles": []string{"admin"}}, "PATCH" + path: m{"version": now.text("version")},
				"POST/api/users/cards": m{"userIds": []any{kim.text("id")}}, "POST/api/courses": m{"title": "x"}}[c[0]+c[1]]
			p.call(c[0], c[1], body).refused(403, "forbidden")
		}
	}
	if n, err := s.box.Store.VerifyAudit(t.Context(), s.demo.Tenant.ID); err != nil || n < 15 {
		t.Errorf("the audit has %d entries, %v", n, err)
	}
}

// TestTwoAdminsEditOnePerson: the second is refused and shown what the first wrote; nothing is lost.
func TestTwoAdminsEditOnePerson(t *testing.T) {
	s := newServer(t)
	admin := s.signIn("admin")
	path := "/api/users/" + s.demo.Students[4].ID.String()
	version := admin.call("GET", path, nil).want(200).text("version")
	admin.call("PATCH", path, m{"version": version, "displayName": "By the first"}).want(200)
	late := admin.call("PATCH", path, m{"version": version, "email": "late@demo.school"})
	late.refused(409, "version_conflict")
	if late.text("details.present.displayName") != "By the first" {
		t.Errorf("the second is shown %s", late.body)
	}
	admin.call("PATCH", path, m{"version": late.text("details.present.version"), "email": "late@demo.school"}).want(200)
	if now := admin.call("GET", path, nil); now.text("displayName") != "By the first" || now.text("email") != "late@demo.school" {
		t.Errorf("now %s", now.body)
	}
	version = admin.call("GET", path, nil).text("version")
	var all sync.WaitGroup
	results := make(chan int, 20)
	for n := range 20 {
		p := &person{s: s, name: fmt.Sprint("admin", n), token: admin.token}
		all.Go(func() {
			results <- p.call("PATCH", path, m{"version": version, "displayName": fmt.Sprint("Name ", n)}).status
		})
	}
	all.Wait()
	won := 0
	for range 20 {
		if <-results == 200 {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of 20 at once changed one version", won)
	}
}

// TestRolesAndStatusReachOpenSessions: other roles want the tokens refreshed, a disabled person is out, and the last admin stays.
func TestRolesAndStatusReachOpenSessions(t *testing.T) {
	s := newServer(t)
	admin, assistant := s.signIn("admin"), s.signIn("assistant")
	teacher, refresh := s.tokens("teacher", "demo-only")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/join", m{}).want(200)
	closed := teacher.socket(class)
	version := func(path string) string { return admin.call("GET", path, nil).want(200).text("version") }
	at := "/api/users/" + s.demo.Teacher.ID.String()
	admin.call("PATCH", at, m{"version": version(at), "roles": []string{"teacher", "admin"}}).want(200)
	teacher.call("GET", "/api/me", nil).refused(401, "token_expired")
	if code := closed(); code != 4401 {
		t.Errorf("the socket was closed with %d", code)
	}
	nobody := &person{s: s, name: "nobody"}
	again := nobody.call("POST", "/api/auth/refresh", m{"refreshToken": refresh}).want(200)
	teacher.token = again.text("accessToken")
	teacher.call("GET", "/api/users", nil).want(200)

	aa := "/api/users/" + s.demo.Admin.ID.String()
	teacher.call("PATCH", aa, m{"version": version(aa), "status": "disabled"}).want(200)
	admin.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	nobody.call("POST", "/api/auth/login", m{"username": "admin", "password": "demo-only"}).refused(401, "bad_credentials")
	admin = teacher
	for _, change := range []m{{"status": "disabled"}, {"roles": []string{"teacher"}}} {
		change["version"] = version(at)
		teacher.call("PATCH", at, change).refused(409, "last_admin")
	}
	teacher.call("PATCH", aa, m{"version": version(aa), "status": "active"}).want(200)
	assistant.call("GET", "/api/me", nil).want(200)
	if page := teacher.call("GET", "/api/audit?limit=200", nil).want(200); !bytes.Contains(page.body, []byte(`"details":{"after":["admin","teacher"],"before":["teacher"]}`)) {
		t.Errorf("the audit: %s", page.body)
	}
}

// TestWritesHappenOnce: the same key gets the first answer, one-time password included, which is not stored in plain.
func TestWritesHappenOnce(t *testing.T) {
	s := newServer(t)
	admin, other := s.signIn("admin"), s.signIn("teacher")
	body := m{"displayName": "Once Only", "roles": []string{"student"}}
	first := admin.callWith("POST", "/api/users", "same", body).want(201)
	again := admin.callWith("POST", "/api/users", "same", body).want(201)
	if !bytes.Equal(first.body, again.body) {
		t.Errorf("first %s, then %s", first.body, again.body)
	}
	admin.callWith("POST", "/api/users", "same", m{"displayName": "Another", "roles": []string{"student"}}).refused(409, "idempotency_conflict")
	admin.callWith("POST", "/api/courses", "same", m{"title": "x"}).refused(409, "idempotency_conflict")
	other.callWith("POST", "/api/users", "same", body).refused(403, "forbidden")
	admin.callWith("POST", "/api/users", "", body).refused(400, "idempotency_key_missing")
	digest, _, stored, ok, err := s.box.Store.AnsweredRequest(t.Context(), s.demo.Tenant.ID, s.demo.Admin.ID, "same")
	if err != nil || !ok || len(digest) != 32 || bytes.Contains(stored, []byte(first.text("oneTimePassword"))) {
		t.Errorf("stored %s, %v, %v", stored, ok, err)
	}
	var all sync.WaitGroup
	ids := make(chan string, 20)
	for range 20 {
		p := &person{s: s, name: "admin", token: admin.token}
		all.Go(func() {
			ids <- p.callWith("POST", "/api/courses", "at once", m{"title": "One"}).want(201).text("id")
		})
	}
	all.Wait()
	for id := <-ids; len(ids) > 0; {
		if next := <-ids; next != id {
			t.Errorf("one key made %s and %s", id, next)
		}
	}
}

// TestKeysOfOnePersonAreBounded: beyond the cap of a day a change is refused, and repeats still get their answers.
func TestKeysOfOnePersonAreBounded(t *testing.T) {
	s := newServer(t)
	admin := s.signIn("admin")
	admin.callWith("POST", "/api/courses", "first", m{"title": "First"}).want(201)
	now := event.TimeOf(time.Now())
	for from := 1; from < limits.KeysOfDay; from += 500 {
		err := s.box.Store.Edit(t.Context(), s.demo.Tenant.ID, func(e *sqlite.Edit) error {
			for n := from; n < min(from+500, limits.KeysOfDay); n++ {
				if err := e.SaveAnswered(s.demo.Admin.ID, fmt.Sprint("k", n), make([]byte, 32), 200, []byte("{}"), now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	full := admin.callWith("POST", "/api/courses", "one more", m{"title": "More"})
	full.refused(429, "idempotency_keys_exhausted")
	if ms, _ := full.at("details.retryAfterMs").(float64); ms < 23*3600*1000 || ms > 24*3600*1000 {
		t.Errorf("wait: %s", full.body)
	}
	admin.callWith("POST", "/api/courses", "first", m{"title": "First"}).want(201)
	teacherAt := "/api/users/" + s.demo.Teacher.ID.String()
	admin.call("GET", teacherAt, nil).want(200)
	if _, err := s.box.Store.PruneAnswered(t.Context(), now+60_000); err != nil {
		t.Fatal(err)
	}
	admin.callWith("POST", "/api/courses", "one more", m{"title": "More"}).want(201)
	admin.callWith("POST", "/api/courses", "first", m{"title": "First"}).refused(409, "idempotency_conflict") // made long ago
}

// TestHubRules: where a hub rules, the box changes nothing of the directory, and says so.
func TestHubRules(t *testing.T) {
	s := newServer(t)
	admin := s.signIn("admin")
	at := "/api/users/" + s.demo.Students[0].ID.String()
	version := admin.call("GET", at, nil).want(200).text("version")
	ruled := s.demo.Tenant
	ruled.HubRules = true
	if err := s.box.Store.UpsertTenant(t.Context(), ruled); err != nil {
		t.Fatal(err)
	}
	course := "/api/courses/" + s.demo.Course.ID.String()
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/users", m{"displayName": "X", "roles": []string{"student"}}}, {"PATCH", at, m{"version": version, "displayName": "X"}},
		{"POST", "/api/users/cards", m{"userIds": []any{s.demo.Students[0].ID}}}, {"POST", "/api/courses", m{"title": "X"}},
		{"POST", course + "/lessons", m{"title": "X", "order": 1}}, {"DELETE", course, nil},
		{"POST", course + "/enrolments", m{"userId": s.demo.Admin.ID, "role": "teacher"}}, {"DELETE", course + "/enrolments/" + s.demo.Students[0].ID.String(), nil},
		{"POST", "/api/auth/password", m{"userId": s.demo.Students[0].ID}}, {"POST", "/api/auth/password", m{"oldPassword": "demo-only", "newPassword": "long enough"}},
	} {
		admin.call(c.method, c.path, c.body).refused(409, "hub_rules")
	}
	s.csv(admin, "", "displayName\nX").refused(409, "hub_rules")
	admin.call("GET", "/api/users", nil).want(200)
}

// csv sends a file to be imported.
func (s *server) csv(p *person, query, file string) answer {

	return s.csvWith(p, query, fmt.Sprintf("csv-%d", p.keys.Add(1)), file)
}

func (s *server) csvWith(p *person, query, key, file string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/api/users/import"+query, strings.NewReader(file))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/csv; charset=utf-8")
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("Authorization", "Bearer "+p.token)
	return s.do(r)
}

// TestImport: a file as a spreadsheet writes it, first looked at, then imported; wrong rows are named by line and field.
func TestImport(t *testing.T) {
	s := newServer(t)
	admin := s.signIn("admin")
	file := "\ufeffdisplayName;email;username;role;course\r\n" +
		"Änne Groß;;;;Physics 7b\r\n" +
		"\r\n" +
		"\"Berg; Kim\";kim@demo.school;kim;student;\r\n" +
		"Tom;tom@demo.school;;boss;\r\n" +
		"Again;KIM@demo.school;;;\r\n" +
		"Student 01;student01@demo.school;;;Physics 7b\r\n" +
		";nameless@demo.school;;;\r\n" +
		"Two People;student01@demo.school;student02;;\r\n" +
		"Nowhere;;nowhere;;Chemistry\r\n" +
		"Bad Mail;not an address;;;\r\n" +
		"Änne Groß;;;;\r\n"
	before := admin.call("GET", "/api/audit?limit=1", nil).want(200).at("entries.0.number")
	preview := s.csv(admin, "?preview=true", file).want(200)
	want := []struct {
		line          int
		action, field string
	}{{2, "create", ""}, {4, "create", ""}, {5, "refuse", "role"}, {6, "refuse", "email"}, {7, "present", ""}, {8, "refuse", "displayName"},
		{9, "refuse", "email"}, {10, "refuse", "course"}, {11, "refuse", "email"}, {12, "create", ""}}
	check := func(a answer) {
		t.Helper()
		if len(a.at("rows").([]any)) != len(want) {
			t.Fatalf("rows: %s", a.body)
		}
		for i, w := range want {
			row := fmt.Sprintf("rows.%d.", i)
			if field, _ := a.at(row + "field").(string); a.at(row+"line") != float64(w.line) || a.text(row+"action") != w.action || field != w.field {
				t.Errorf("row %d: %v", i, a.at(fmt.Sprintf("rows.%d", i)))
			}
		}
		if a.at("created") != 3.0 || a.at("present") != 1.0 || a.at("refused") != 6.0 {
			t.Errorf("counts: %s", a.body)
		}
	}
	check(preview)
	if after := admin.call("GET", "/api/audit?limit=1", nil).want(200).at("entries.0.number"); after != before || admin.call("GET", "/api/users?search=kim", nil).at("users.0") != nil {
		t.Error("a preview changed something")
	}
	done := s.csvWith(admin, "", "import", file).want(200)
	check(done)
	again := s.csvWith(admin, "", "import", file).want(200)
	if !bytes.Equal(done.body, again.body) {
		t.Errorf("a repeat is told %s", again.body)
	}
	s.csvWith(admin, "", "import", file+"One More;;;;\n").refused(409, "idempotency_conflict")
	if done.text("rows.0.username") != "änne.groß" || done.text("rows.9.username") != "änne.groß2" || done.at("rows.0.enrol") != true || done.at("rows.4.enrol") != false {
		t.Errorf("got %s", done.body)
	}
	nobody := &person{s: s, name: "nobody"}
	nobody.call("POST", "/api/auth/login", m{"username": "änne.groß", "password": done.text("rows.0.oneTimePassword")}).refused(403, "password_change_required")
	for bad, line := range map[string]float64{"": 1, "displayName;shoe size\nx;1\n": 1, "email\na@b\n": 1, "displayName,email\nx,y,z\n": 2,
		"displayName\nx\n\"y\n": 3, "displayName\nGr\xfcn\n": 2, "displayName,displayname\n": 1} {
		a := s.csv(admin, "", bad)
		if a.status != 400 || a.at("details.line") != line || a.text("details.field") != "file" {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
	s.csv(admin, "", "displayName\n"+strings.Repeat("x\n", limits.ImportRows+1)).refused(400, "invalid_field")
	s.csv(admin, "", strings.Repeat("x", limits.ImportBytes+1)).refused(413, "body_too_large")
	s.csv(s.signIn("teacher"), "", "displayName\nx").refused(403, "forbidden")
	admin.call("POST", "/api/users/import", m{}).refused(415, "unsupported_media_type")
}

// TestImportGoesOn: an import that broke off half-way is finished by the same request, without doubles.
func TestImportGoesOn(t *testing.T) {
	s := newServer(t)
	admin := s.signIn("admin")
	var file strings.Builder
	file.WriteString("displayName\n")
	for n := range 120 {
		fmt.Fprintf(&file, "Pupil %03d\n", n)
	}
	first := s.csvWith(admin, "", "big", file.String()).want(200)
	// As if the answer had never been stored: the people are there, the import is not done.
	if _, err := s.box.Store.PruneAnswered(t.Context(), event.TimeOf(time.Now())+1000); err != nil {
		t.Fatal(err)
	}
	second := s.csvWith(admin, "", "big", file.String()).want(200)
	if !bytes.Equal(first.body, second.body) {
		t.Errorf("first %.300s\nthen %.300s", first.body, second.body)
	}
	if page := admin.call("GET", "/api/users?search=pupil&limit=200", nil).want(200); len(page.at("users").([]any)) != 120 {
		t.Errorf("%d people", len(page.at("users").([]any)))
	}
}

// TestAdminsOfTwoSchools see and change nothing of each other's.
func TestAdminsOfTwoSchools(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	school := directory.Tenant{ID: event.NewID(), Name: "Other School", Status: "active", Domains: []string{"other.school"}}
	known, _, err := s.box.Store.UserByID(ctx, s.demo.Tenant.ID, s.demo.Admin.ID)
	if err != nil {
		t.Fatal(err)
	}
	head := directory.User{ID: event.NewID(), TenantID: school.ID, Email: "head@other.school", Username: "head", DisplayName: "Head", Status: "active",
		PasswordHash: known.PasswordHash, Roles: []directory.Role{directory.Admin}}
	for _, err := range []error{s.box.Store.UpsertTenant(ctx, school), s.box.Store.UpsertUser(ctx, head)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	nobody := &person{s: s, name: "nobody"}
	nobody.call("POST", "/api/auth/login", m{"username": "head", "password": "demo-only"}).refused(409, "tenant_required")
	nobody.call("POST", "/api/auth/login", m{"username": "head", "password": "demo-only", "tenant": "demo.school"}).refused(401, "bad_credentials")
	foreign := &person{s: s, name: "head"}
	foreign.token = nobody.call("POST", "/api/auth/login", m{"username": "head", "password": "demo-only", "tenant": "other.school"}).want(200).text("accessToken")
	user, course, lesson := "/api/users/"+s.demo.Students[0].ID.String(), "/api/courses/"+s.demo.Course.ID.String(), "/api/lessons/"+s.demo.Lessons[0].ID.String()
	const version = "0123456789abcdef"
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", user, nil}, {"PATCH", user, m{"version": version, "displayName": "X"}}, {"POST", "/api/users/cards", m{"userIds": []any{s.demo.Students[0].ID}}},
		{"GET", course, nil}, {"PATCH", course, m{"version": version, "title": "X"}}, {"DELETE", course, nil}, {"GET", course + "/lessons", nil},
		{"POST", course + "/lessons", m{"title": "X", "order": 1}}, {"PATCH", lesson, m{"version": version, "title": "X"}}, {"DELETE", lesson, nil},
		{"GET", course + "/enrolments", nil}, {"POST", course + "/enrolments", m{"userId": head.ID, "role": "teacher"}},
		{"POST", "/api/auth/password", m{"userId": s.demo.Students[0].ID}},
	} {
		foreign.call(c.method, c.path, c.body).refused(404, "not_found")
	}
	if page := foreign.call("GET", "/api/users", nil).want(200); len(page.at("users").([]any)) != 1 {
		t.Errorf("people: %s", page.body)
	}
	foreign.call("DELETE", course+"/enrolments/"+s.demo.Students[0].ID.String(), nil).want(200) // nobody was in it
	if role, in, err := s.box.Store.RoleInCourse(ctx, s.demo.Tenant.ID, s.demo.Course.ID, s.demo.Students[0].ID); err != nil || !in || role != directory.Student {
		t.Errorf("the pupil is %q in the course, %v, %v", role, in, err)
	}
	imported := s.csv(foreign, "", "displayName,email,course\nX,student01@demo.school,"+s.demo.Course.ID.String()+"\nY,y@other.school,Physics 7b\n").want(200)
	if imported.at("refused") != 2.0 {
		t.Errorf("imported %s", imported.body)
	}
	if page := foreign.call("GET", "/api/audit", nil).want(200); bytes.Contains(page.body, []byte(s.demo.Admin.ID.String())) {
		t.Errorf("audit: %s", page.body)
	}
}
