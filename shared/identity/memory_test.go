package identity_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// memory is a directory in memory that can be told to fail or to hang.
type memory struct {
	identity.Store // what these tests do not ask; package edge does, of the real store
	mu             sync.Mutex
	tenants        []directory.Tenant
	users          []directory.User
	courses        []directory.Course
	lessons        []directory.Lesson
	roles          map[directory.Enrolment]directory.Role
	links          map[event.Hash]directory.RefreshToken
	broken         atomic.Bool
	refuses        atomic.Value // of error, for every question
	hanging        atomic.Bool
	stale          map[event.ID]event.Time
	audit          []directory.AuditEntry
	asked          atomic.Int64
}

var errDisk = errors.New("disk I/O error")

func (m *memory) ask(ctx context.Context, f func()) error {
	m.asked.Add(1)
	if m.hanging.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if m.broken.Load() {
		return errDisk
	}
	if err, ok := m.refuses.Load().(error); ok {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	return ctx.Err()
}

func find[T any](in []T, match func(T) bool) (T, bool) {
	if i := slices.IndexFunc(in, match); i >= 0 {
		return in[i], true
	}
	var none T
	return none, false
}

func put[T any](in []T, v T, match func(T) bool) []T {
	return append(slices.DeleteFunc(in, match), v)
}

func (m *memory) tenant(ctx context.Context, match func(directory.Tenant) bool) (t directory.Tenant, ok bool, err error) {
	err = m.ask(ctx, func() { t, ok = find(m.tenants, match) })
	return t, ok, err
}

func (m *memory) TenantByID(ctx context.Context, id event.ID) (directory.Tenant, bool, error) {
	return m.tenant(ctx, func(t directory.Tenant) bool { return t.ID == id })
}

func (m *memory) TenantByDomain(ctx context.Context, d string) (directory.Tenant, bool, error) {
	return m.tenant(ctx, func(t directory.Tenant) bool { return slices.Contains(t.Domains, d) })
}

func (m *memory) Tenants(ctx context.Context, limit int) (some []directory.Tenant, err error) {
	err = m.ask(ctx, func() { some = slices.Clone(m.tenants[:min(limit, len(m.tenants))]) })
	return some, err
}

func (m *memory) FirstSchool(ctx context.Context, t directory.Tenant, u directory.User, a directory.AuditEntry) (won bool, err error) {
	err = m.ask(ctx, func() {
		if won = len(m.tenants) == 0; won {
			m.tenants, m.users, m.audit = append(m.tenants, t), append(m.users, u), append(m.audit, a)
		}
	})
	return won, err
}

func (m *memory) user(ctx context.Context, tenant event.ID, match func(directory.User) bool) (u directory.User, ok bool, err error) {
	err = m.ask(ctx, func() {
		u, ok = find(m.users, func(u directory.User) bool { return u.TenantID == tenant && match(u) })
	})
	return u, ok, err
}

func (m *memory) UserByID(ctx context.Context, tenant, id event.ID) (directory.User, bool, error) {
	return m.user(ctx, tenant, func(u directory.User) bool { return u.ID == id })
}

func (m *memory) UserByEmail(ctx context.Context, tenant event.ID, email string) (directory.User, bool, error) {
	return m.user(ctx, tenant, func(u directory.User) bool { return u.Email != "" && directory.Fold(u.Email) == directory.Fold(email) })
}

func (m *memory) UserByUsername(ctx context.Context, tenant event.ID, name string) (directory.User, bool, error) {
	return m.user(ctx, tenant, func(u directory.User) bool {
		return u.Username != "" && directory.Fold(u.Username) == directory.Fold(name)
	})
}

func (m *memory) RoleInCourse(ctx context.Context, tenant, course, user event.ID) (r directory.Role, ok bool, err error) {
	err = m.ask(ctx, func() {
		r, ok = m.roles[directory.Enrolment{TenantID: tenant, CourseID: course, UserID: user}]
	})
	return r, ok, err
}

func (m *memory) SaveRefreshToken(ctx context.Context, t directory.RefreshToken) (err error) {
	failed := m.ask(ctx, func() {
		for _, l := range m.links {
			if l.SignInID == t.SignInID && l.RevokedAt != 0 {
				err = fault.New(fault.Unauthenticated, "This sign-in was ended.")
				return
			}
		}
		m.links[t.Hash] = t
	})
	return errors.Join(failed, err)
}

func (m *memory) RefreshToken(ctx context.Context, tenant event.ID, h event.Hash) (t directory.RefreshToken, ok bool, err error) {
	err = m.ask(ctx, func() {
		if t, ok = m.links[h]; t.TenantID != tenant {
			t, ok = directory.RefreshToken{}, false
		}
	})
	return t, ok, err
}

func (m *memory) RotateRefreshToken(ctx context.Context, tenant event.ID, h event.Hash, next directory.RefreshToken) (won bool, err error) {
	err = m.ask(ctx, func() {
		old, ok := m.links[h]
		won = ok && old.TenantID == tenant && old.UsedAt == 0 && old.RevokedAt == 0
		for _, l := range m.links {
			if l.Parent != (event.Hash{}) && l.Parent == old.Parent && l.UsedAt != 0 {
				won = false
			}
		}
		if won {
			old.UsedAt = next.IssuedAt
			m.links[h], m.links[next.Hash] = old, next
		}
	})
	return won, err
}

func (m *memory) RevokeSignIn(ctx context.Context, tenant, signIn event.ID, at event.Time) error {
	return m.ask(ctx, func() {
		for h, t := range m.links {
			if t.TenantID == tenant && t.SignInID == signIn {
				t.RevokedAt = at
				m.links[h] = t
			}
		}
	})
}

func (m *memory) RevokedSignIns(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	out := map[event.ID]event.Time{}
	return out, m.ask(ctx, func() {
		for _, l := range m.links {
			if l.RevokedAt != 0 && l.RevokedAt >= since {
				out[l.SignInID] = l.RevokedAt
			}
		}
	})
}

func (m *memory) StaleUsers(ctx context.Context, since event.Time) (map[event.ID]event.Time, error) {
	out := map[event.ID]event.Time{}
	return out, m.ask(ctx, func() {
		for id, at := range m.stale {
			if at >= since {
				out[id] = at
			}
		}
	})
}

// Edit undoes nothing: the tests of that are in package edge, where the real store is.
func (m *memory) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) (err error) {
	failed := m.ask(ctx, func() { err = f(memoryEdit{m: m, tenant: tenant}) })
	return errors.Join(failed, err)
}

// memoryEdit is an edit of a memory that is locked.
type memoryEdit struct {
	identity.Editor
	m      *memory
	tenant event.ID
}

func (e memoryEdit) Tenant() (directory.Tenant, bool, error) {
	t, ok := find(e.m.tenants, func(t directory.Tenant) bool { return t.ID == e.tenant })
	return t, ok, nil
}

func (e memoryEdit) User(id event.ID) (directory.User, bool, error) {
	u, ok := find(e.m.users, func(u directory.User) bool { return u.TenantID == e.tenant && u.ID == id })
	return u, ok, nil
}

func (e memoryEdit) PutUser(u directory.User) error {
	e.m.users = put(e.m.users, u, func(o directory.User) bool { return o.ID == u.ID })
	return nil
}

func (e memoryEdit) SaveRefreshToken(t directory.RefreshToken) error {
	e.m.links[t.Hash] = t
	return nil
}

func (e memoryEdit) EndSignIns(user, but event.ID, at event.Time) (ended []event.ID, err error) {
	for h, t := range e.m.links {
		if t.UserID == user && t.SignInID != but && t.RevokedAt == 0 {
			t.RevokedAt = at
			e.m.links[h] = t
			ended = append(ended, t.SignInID)
		}
	}
	return ended, nil
}

func (e memoryEdit) Audit(a directory.AuditEntry) error {
	e.m.audit = append(e.m.audit, a)
	return nil
}

func (m *memory) UpsertTenant(ctx context.Context, t directory.Tenant) error {
	return m.ask(ctx, func() {
		m.tenants = put(m.tenants, t, func(o directory.Tenant) bool { return o.ID == t.ID })
	})
}

func (m *memory) UpsertUser(ctx context.Context, u directory.User) error {
	return m.ask(ctx, func() { m.users = put(m.users, u, func(o directory.User) bool { return o.ID == u.ID }) })
}

func (m *memory) UpsertCourse(ctx context.Context, c directory.Course) error {
	return m.ask(ctx, func() { m.courses = put(m.courses, c, func(o directory.Course) bool { return o.ID == c.ID }) })
}

func (m *memory) UpsertLesson(ctx context.Context, l directory.Lesson) error {
	return m.ask(ctx, func() { m.lessons = put(m.lessons, l, func(o directory.Lesson) bool { return o.ID == l.ID }) })
}

func (m *memory) Enrol(ctx context.Context, e directory.Enrolment) error {
	role := e.Role
	e.Role = ""
	return m.ask(ctx, func() { m.roles[e] = role })
}

// memoryKeys keeps secrets in memory.
type memoryKeys map[string][]byte

func (k memoryKeys) LoadOrCreateSecret(name string, make func() []byte) ([]byte, error) {
	if k[name] == nil {
		k[name] = make()
	}
	return k[name], nil
}

// cheap is a hasher that costs nothing; gate, if set, is received from before each verification.
type cheap struct {
	gate     chan struct{}
	verified *atomic.Int64
}

func (cheap) Hash(p identity.Secret) (string, error) { return "cheap:" + string(p), nil }

func (c cheap) Verify(stored string, p identity.Secret) (bool, error) {
	if c.gate != nil {
		<-c.gate
	}
	if c.verified != nil {
		c.verified.Add(1)
	}
	if !strings.HasPrefix(stored, "cheap:") {
		return false, errors.New("stored form is damaged")
	}
	return stored == "cheap:"+string(p), nil
}

// hands is a clock of which a test moves the wall and the monotonic hand apart.
type hands struct{ wall, elapsed atomic.Int64 }

func newHands() *hands {
	h := &hands{}
	h.wall.Store(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixNano())
	return h
}

func (h *hands) Wall() time.Time          { return time.Unix(0, h.wall.Load()) }
func (h *hands) Elapsed() time.Duration   { return time.Duration(h.elapsed.Load()) }
func (h *hands) jump(d time.Duration)     { h.wall.Add(int64(d)) }
func (h *hands) pass(d time.Duration)     { h.wall.Add(int64(d)); h.elapsed.Add(int64(d)) }
func (h *hands) startTime() (t time.Time) { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

var edgeID = event.MustID("e0000000-0000-7000-8000-000000000001")

// school is a Service over a seeded demo school.
type school struct {
	*identity.Service
	store *memory
	keys  memoryKeys
	clock *hands
	demo  identity.Demo
	log   *bytes.Buffer
}

func open(t testing.TB, change ...func(*identity.Config)) *school {
	t.Helper()
	s := &school{
		store: &memory{roles: map[directory.Enrolment]directory.Role{}, links: map[event.Hash]directory.RefreshToken{}},
		keys:  memoryKeys{}, clock: newHands(), log: &bytes.Buffer{},
	}
	var err error
	if s.demo, err = identity.SeedDemo(t.Context(), s.store, cheap{}); err != nil {
		t.Fatal(err)
	}
	s.restart(t, change...)
	return s
}

// restart makes a new Service over the same store and keys.
func (s *school) restart(t testing.TB, change ...func(*identity.Config)) {
	t.Helper()
	cfg := identity.Config{
		Issuer: edgeID, Store: s.store, Keys: s.keys, Hasher: cheap{}, Clock: s.clock,
		Log: slog.New(slog.NewJSONHandler(s.log, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if s.Service, err = identity.New(cfg); err != nil {
		t.Fatal(err)
	}
}

func (s *school) login(t testing.TB, email string) identity.TokenPair {
	t.Helper()
	pair, err := s.Login(t.Context(), identity.LoginRequest{Email: email, Password: identity.DemoPassword, Address: "10.0.0.1"})
	if err != nil {
		t.Fatalf("sign in as %s: %v", email, err)
	}
	return pair
}

// wantCode fails unless err is a fault of this code; "" wants no error.
func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("want no error, got %v", err)
	case code != "" && err == nil:
		t.Errorf("want %s, got no error", code)
	case code != "" && fault.Of(err).Code != code:
		t.Errorf("want %s, got %v", code, err)
	}
}
