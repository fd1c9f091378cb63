package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/people"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/session"
)

// school is a gateway with people: each name is its own token.
type school struct {
	t       testing.TB
	g       *gateway.Gateway
	server  *httptest.Server
	classes *fakeClasses
	people  *fakePeople
	logs    *syncBuffer
	keys    int
}

var (
	demo   = event.MustID("0190a7c8-0000-7000-8000-00000000000d")
	other  = event.MustID("0190a7c8-0000-7000-8000-00000000000e")
	course = event.MustID("0190a7c8-0000-7000-8000-00000000000c")
)

func userID(name string) event.ID { return event.DeriveID(demo, demo, name, 0) }

func open(t testing.TB, change func(*gateway.Options)) *school {
	t.Helper()
	s := &school{t: t, classes: &fakeClasses{classes: map[event.ID]*fakeClass{}, now: event.TimeOf(time.Now())}, people: newPeople(), logs: &syncBuffer{}}
	o := gateway.Options{Classes: s.classes, Sessions: s.classes, Identity: s.people, Guests: s.people, Owner: s.people, Directory: noDirectory{}, Assets: &fakeAssets{kept: map[string][]byte{}},
		Logger: slog.New(slog.NewJSONHandler(s.logs, nil)), Version: "test"}
	o.Pace.CommandsPer10 = 10_000
	o.Pace.Beat = time.Hour // a test that counts messages gets no other
	if change != nil {
		change(&o)
	}
	var err error
	if s.g, err = gateway.New(o); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(s.g.Handler())
	t.Cleanup(s.server.Close)
	return s
}

// reply is an answer that was held to the document.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// send sends a request; who "" is nobody. Every answer is checked against the document.
func (s *school) send(who, method, path, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequest(method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		s.keys++
		req.Header.Set("Idempotency-Key", fmt.Sprintf("k%d", s.keys))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	out := reply{t: s.t, status: res.StatusCode, header: res.Header}
	if out.raw, err = io.ReadAll(res.Body); err != nil {
		s.t.Fatal(err)
	}
	if err := gateway.CheckResponse(method, req.URL.Path, out.status, out.raw); err != nil {
		s.t.Errorf("not as documented: %v\n%s", err, out.raw)
	}
	_ = json.Unmarshal(out.raw, &out.body)
	return out
}

// want holds an answer to its status, and an error to its code and field.
func (r reply) want(status int, codeAndField ...string) reply {
	r.t.Helper()
	code, field := "", ""
	if details, ok := r.body["details"].(map[string]any); ok {
		field, _ = details["field"].(string)
	}
	if status >= 400 {
		code, _ = r.body["code"].(string)
	}
	for len(codeAndField) < 2 {
		codeAndField = append(codeAndField, "")
	}
	if r.status != status || code != codeAndField[0] || codeAndField[1] != "" && field != codeAndField[1] {
		r.t.Fatalf("got %d %s at %q, want %d %v: %s", r.status, code, field, status, codeAndField, r.raw)
	}
	return r
}

func (r reply) text(path ...string) string {
	r.t.Helper()
	var v any = r.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	text, ok := v.(string)
	if !ok {
		r.t.Fatalf("no text at %v: %s", path, r.raw)
	}
	return text
}

const planBody = `{"courseId":"0190a7c8-0000-7000-8000-00000000000c","title":"Fractions","scheduledStart":"2026-11-23T08:00:00Z","scheduledEnd":"2026-11-23T09:00:00Z","staff":[{"userId":"%s","role":"teacher"},{"userId":"%s","role":"assistant"}]}`

// plan schedules a class with Tina as teacher and Ada as assistant, and gives the path below /api.
func (s *school) plan() string {
	s.t.Helper()
	r := s.send("tina", "POST", "/api/sessions", fmt.Sprintf(planBody, userID("tina"), userID("ada"))).want(201)
	return "/api/sessions/" + r.text("id")
}

// live starts a class with these people in it; the teacher is first.
func (s *school) live(names ...string) string {
	s.t.Helper()
	class := s.plan()
	s.send("tina", "POST", class+"/start", "").want(200)
	for _, name := range append([]string{"tina"}, names...) {
		s.send(name, "POST", class+"/join", "").want(200)
	}
	return class
}

func (f *fakeClasses) OpenByCode(_ context.Context, code string) (out []eventlog.Summary, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	for id, c := range f.classes {
		if open := c.state.Life.Status == session.Scheduled || c.state.Life.Status == session.Live; open && c.state.Desk.JoinCode == code {
			out = append(out, eventlog.Summary{ID: id, TenantID: c.tenant, Status: c.state.Life.Status, JoinCode: code})
		}
	}
	return out, nil
}

func classID(path string) event.ID { return event.MustID(strings.TrimPrefix(path, "/api/sessions/")) }

func (f *fakeClasses) Sessions(_ context.Context, tenant event.ID, filter eventlog.Filter) ([]eventlog.Summary, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []eventlog.Summary
	for id, c := range f.classes {
		s := eventlog.Summary{ID: id, CourseID: c.state.Life.Plan.CourseID, Status: c.state.Life.Status, ScheduledStart: c.state.Life.Plan.ScheduledStart}
		for _, p := range c.state.Life.Plan.Staff {
			s.HostIDs = append(s.HostIDs, p.UserID)
		}
		if c.tenant == tenant && filter.Matches(&s) {
			out = append(out, s)
		}
	}
	return out, nil
}

type fakePeople struct {
	nobodys atomic.Bool // the box belongs to no school
	mu      sync.Mutex
	expired map[string]bool
	refused map[string]error
	down    bool
	roles   map[string]directory.Role
	guests  map[string]rest.Principal // by token
	hosts   map[string]event.ID       // whose a Host is
}

func newPeople() *fakePeople {
	return &fakePeople{expired: map[string]bool{}, guests: map[string]rest.Principal{}, hosts: map[string]event.ID{}, roles: map[string]directory.Role{
		"tina": directory.Teacher, "ada": directory.Assistant, "sam": directory.Student, "sue": directory.Student, "max": directory.Admin,
	}}
}

// refuse makes a name's token and sign-in answer an error.
func (p *fakePeople) refuse(name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = map[string]error{name: err}
}

func (p *fakePeople) expire(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expired[name] = true
}

func (p *fakePeople) Authenticate(_ context.Context, token, _ string) (rest.Principal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, foreign := strings.CutPrefix(token, "foreign-")
	_, known := p.roles[name]
	if guest, ok := p.guests[token]; ok {
		return guest, nil
	}
	switch {
	case p.refused[name] != nil:
		return rest.Principal{}, p.refused[name]
	case p.expired[name]:
		return rest.Principal{}, fault.New(fault.TokenExpired, "The sign-in has run out.")
	case !known && name != "nobody":
		return rest.Principal{}, fault.New(fault.Unauthenticated, "Not accepted.")
	}
	who := rest.Principal{UserID: userID(name), TenantID: demo, DisplayName: strings.ToUpper(name)}
	if role, ok := p.roles[name]; ok {
		who.Roles = []directory.Role{role}
	}
	if foreign {
		who.TenantID = other
	}
	return who, nil
}

func (p *fakePeople) RoleIn(_ context.Context, who rest.Principal, c event.ID, hosts []event.ID) (directory.Role, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return "", fault.New(fault.IdentityDown, "Identity does not answer.")
	}
	for _, h := range hosts {
		if h == who.UserID {
			return directory.Teacher, nil
		}
	}
	if c == course && len(who.Roles) > 0 {
		return who.Roles[0], nil
	}
	return "", nil
}

func (p *fakePeople) Me(_ context.Context, who rest.Principal) (accounts.Me, error) {
	return accounts.Me{ID: who.UserID, TenantID: who.TenantID, DisplayName: who.DisplayName, Roles: who.Roles}, nil
}

func (p *fakePeople) Login(ctx context.Context, l accounts.Login) (accounts.TokenPair, error) {
	if l.Password != "right" {
		return accounts.TokenPair{}, fault.New(fault.BadCredentials, "Not right.")
	}
	return p.pair(ctx, l.Username)
}

func (p *fakePeople) Refresh(ctx context.Context, token string) (accounts.TokenPair, error) {
	return p.pair(ctx, strings.TrimPrefix(token, "refresh-"))
}

func (p *fakePeople) pair(ctx context.Context, name string) (accounts.TokenPair, error) {
	who, err := p.Authenticate(ctx, name, "")
	me, _ := p.Me(ctx, who)
	return accounts.TokenPair{AccessToken: name, RefreshToken: "refresh-" + name, ExpiresAt: 1, ExpiresIn: 900, User: me}, err
}

func (p *fakePeople) Claimed(context.Context) bool { return !p.nobodys.Load() }

func (p *fakePeople) Claim(ctx context.Context, c gateway.Claim) (accounts.TokenPair, error) {
	if c.Code != "CODE" {
		return accounts.TokenPair{}, fault.At(fault.Forbidden, "code", "wrong code")
	}
	p.nobodys.Store(false)
	return p.pair(ctx, "tina")
}

func (p *fakePeople) Welcome(_ context.Context, tenant event.ID, host string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if owner, ok := p.hosts[host]; ok && owner != tenant {
		return fault.New(fault.JoinCodeWrong, "Another school's.")
	}
	return nil
}

func (p *fakePeople) GuestID(session event.ID, device string) event.ID {
	return event.DeriveID(session, session, device, 0)
}

func (p *fakePeople) SignInGuest(_ context.Context, tenant, session, guest event.ID) (accounts.TokenPair, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return accounts.TokenPair{}, fault.New(fault.IdentityDown, "Identity does not answer.")
	}
	token := "guest-" + guest.String()
	p.guests[token] = rest.Principal{UserID: guest, TenantID: tenant, GuestOf: session}
	return accounts.TokenPair{AccessToken: token, RefreshToken: "refresh-" + token, ExpiresAt: 1, ExpiresIn: 900}, nil
}

func (p *fakePeople) Logout(context.Context, accounts.Logout) error { return nil }

func (p *fakePeople) Password(_ context.Context, who rest.Principal, o accounts.PasswordOrder) (string, error) {
	if !o.UserID.IsZero() && o.New == "" {
		return "made-for-once", nil
	}
	return "", nil
}

// noDirectory knows nobody: the local admin API is tested in package edge, over the real directory.
type noDirectory struct{}

func (noDirectory) Ask(context.Context, rest.Principal, any) (any, error) {
	return nil, fault.New(fault.NotFound, "There is nobody here.")
}

func (noDirectory) Write(context.Context, rest.Principal, people.Write) ([]byte, error) {
	return nil, fault.New(fault.NotFound, "There is nobody here.")
}

type fakeAssets struct {
	mu   sync.Mutex
	kept map[string][]byte
	full bool
}

func (a *fakeAssets) Put(_ context.Context, tenant event.ID, r io.Reader, most int64) (event.Hash, int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return event.Hash{}, 0, fmt.Errorf("read: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.full {
		return event.Hash{}, 0, fmt.Errorf("disk full: %w", eventlog.ErrUnavailable)
	}
	digest := event.Hash(sha256.Sum256(b))
	a.kept[tenant.String()+digest.String()] = b
	return digest, int64(len(b)), nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

func (a *fakeAssets) Open(_ context.Context, tenant event.ID, digest event.Hash) (io.ReadSeekCloser, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.kept[tenant.String()+digest.String()]
	if !ok {
		return nil, eventlog.ErrNotFound
	}
	return nopCloser{bytes.NewReader(b)}, nil
}

// syncBuffer is a buffer that the server writes and the test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
