package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"multistream/hub/api"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/memlog"
	"multistream/shared/fault"
	"multistream/shared/people"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
)

var school, elsewhere = event.NewID(), event.NewID()

// idOf is the id of somebody by their name.
func idOf(name string) event.ID { return event.DeriveID(school, event.ID{}, name, 0) }

// fakePeople knows people by tokens that are their names. tina teaches the course, sam is in it, ada rules the school, and
// eve rules another one.
type fakePeople struct{}

var course = event.NewID()

func (fakePeople) Authenticate(_ context.Context, token, _ string) (rest.Principal, error) {
	p := rest.Principal{UserID: idOf(token), TenantID: school, DisplayName: token}
	switch token {
	case "tina":
		p.Roles = []directory.Role{directory.Teacher}
	case "sam", "sue":
		p.Roles = []directory.Role{directory.Student}
	case "ada":
		p.Roles = []directory.Role{directory.Admin}
	case "eve":
		p.TenantID, p.Roles = elsewhere, []directory.Role{directory.Admin}
	default:
		return p, fault.New(fault.Unauthenticated, "Not accepted.")
	}
	return p, nil
}

func (fakePeople) RoleIn(_ context.Context, p rest.Principal, c event.ID, hosts []event.ID) (directory.Role, error) {
	switch {
	case slices.Contains(hosts, p.UserID), c == course && p.DisplayName == "tina":
		return directory.Teacher, nil
	case c == course && p.DisplayName == "sam":
		return directory.Student, nil
	case slices.Contains(p.Roles, directory.Admin):
		return directory.Admin, nil
	}
	return "", nil
}

func (fakePeople) Me(_ context.Context, p rest.Principal) (accounts.Me, error) {
	return accounts.Me{ID: p.UserID, TenantID: p.TenantID, DisplayName: p.DisplayName, Roles: p.Roles}, nil
}

func (f fakePeople) Login(ctx context.Context, l accounts.Login) (accounts.TokenPair, error) {
	p, err := f.Authenticate(ctx, l.Username, "")
	if err != nil || l.Password != "right" {
		return accounts.TokenPair{}, fault.New(fault.BadCredentials, "Not right.")
	}
	me, err := f.Me(ctx, p)
	return accounts.TokenPair{AccessToken: l.Username, RefreshToken: "r-" + l.Username, ExpiresAt: 1, ExpiresIn: 900, User: me}, err
}

func (fakePeople) Refresh(context.Context, string) (accounts.TokenPair, error) {
	return accounts.TokenPair{}, fault.New(fault.Unauthenticated, "Not accepted.")
}

func (fakePeople) Logout(context.Context, accounts.Logout) error { return nil }

func (fakePeople) Password(context.Context, rest.Principal, accounts.PasswordOrder) (string, error) {
	return "", nil
}

func (fakePeople) Ask(context.Context, rest.Principal, any) (any, error) {
	return people.UserPage{Users: []people.User{}}, nil
}

func (fakePeople) Write(context.Context, rest.Principal, people.Write) ([]byte, error) {
	return nil, errors.New("not in this test")
}

// fakeSchedule keeps plans in memory; an edit that fails leaves nothing.
type fakeSchedule struct {
	mu      sync.Mutex
	plans   map[event.ID]directory.Plan
	answers map[string][2][]byte
	logs    map[event.ID]eventlog.Summary
	edges   []event.ID
	audit   []directory.AuditEntry
}

func (f *fakeSchedule) EditPlans(_ context.Context, tenant event.ID, edit func(api.PlanEditor) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := &fakeEdit{fakeSchedule: f, tenant: tenant, plans: map[event.ID]directory.Plan{}, answers: map[string][2][]byte{}}
	if err := edit(copied); err != nil {
		return err
	}
	for id, p := range copied.plans {
		f.plans[id] = p
	}
	for key, a := range copied.answers {
		f.answers[key] = a
	}
	f.audit = append(f.audit, copied.audit...)
	return nil
}

func (f *fakeSchedule) Class(_ context.Context, tenant, id event.ID) (api.Class, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := api.Class{ID: id, Plan: f.plans[id], Log: f.logs[id]}
	return c, tenant == school && (c.Plan.Revision > 0 || c.Log.Status != ""), nil
}

func (f *fakeSchedule) Classes(ctx context.Context, tenant event.ID, filter eventlog.Filter) ([]api.Class, error) {
	var out []api.Class
	for id := range f.plans {
		if c, ok, _ := f.Class(ctx, tenant, id); ok && (filter.Before.IsZero() || slices.Compare(id[:], filter.Before[:]) < 0) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b api.Class) int { return -slices.Compare(a.ID[:], b.ID[:]) })
	return out[:min(len(out), filter.Length())], nil
}

type fakeEdit struct {
	*fakeSchedule
	tenant  event.ID
	plans   map[event.ID]directory.Plan
	answers map[string][2][]byte
	audit   []directory.AuditEntry
}

func (e *fakeEdit) Plan(id event.ID) (directory.Plan, bool, error) {
	p, ok := e.fakeSchedule.plans[id]
	return p, ok && p.TenantID == e.tenant, nil
}

func (e *fakeEdit) PutPlan(p directory.Plan) error { e.plans[p.SessionID] = p; return nil }

func (e *fakeEdit) Adopted(id event.ID) (bool, error) { return e.logs[id].Status != "", nil }

func (e *fakeEdit) PlansBetween(from, to event.Time) (out []directory.Plan, err error) {
	for _, p := range e.fakeSchedule.plans {
		if p.ScheduledStart < to && p.ScheduledEnd > from && !p.Withdrawn {
			out = append(out, p)
		}
	}
	return out, nil
}

func (e *fakeEdit) EdgeIDs() ([]event.ID, error) { return e.edges, nil }

func (e *fakeEdit) Answered(actor event.ID, key string) (digest, answer []byte, ok bool, err error) {
	a, ok := e.fakeSchedule.answers[actor.String()+key]
	return a[0], a[1], ok, nil
}

func (e *fakeEdit) SaveAnswered(actor event.ID, key string, digest []byte, _ int, answer []byte, _ event.Time) error {
	e.answers[actor.String()+key] = [2][]byte{digest, answer}
	return nil
}

func (e *fakeEdit) AnsweredSince(event.ID, event.Time, int) (int, event.Time, error) {
	return 0, 0, nil
}

func (e *fakeEdit) Audit(a directory.AuditEntry) error {
	if !json.Valid([]byte(a.Details)) {
		return errors.New("details of an audit entry are no JSON")
	}
	e.audit = append(e.audit, a)
	return nil
}

// fakeLogs are logs in memory with the keys of people.
type fakeLogs struct {
	*memlog.Log
	keys event.KeyRing
}

func (l fakeLogs) Keys(context.Context) event.KeyRing { return l.keys }

func (fakeLogs) Export(_ context.Context, _, _ event.ID, to io.Writer) error {
	_, err := io.WriteString(to, "archive")
	return err
}

type fakeEdges []api.Edge

func (f fakeEdges) Edges(context.Context, event.ID) ([]api.Edge, error) { return f, nil }

// noKeys is a hub that people's keys have not come to.
type noKeys struct{ event.KeyRing }

func (noKeys) Get(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, event.ErrNoKey
}

func contains(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, word) })
}
