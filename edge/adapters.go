package edge

import (
	"context"
	"errors"
	"time"

	"multistream/edge/gateway"
	"multistream/edge/identity"
	"multistream/edge/orchestrator"
	"multistream/edge/sqlite"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	shared "multistream/shared/people"
	"multistream/shared/session"
)

// timedLog is the log, with the time of each append told to the metrics.
type timedLog struct {
	*sqlite.Store
	observe func(took time.Duration)
}

func (l timedLog) Append(ctx context.Context, b eventlog.Batch) error {
	began := time.Now()
	err := l.Store.Append(ctx, b)
	l.observe(time.Since(began))
	return err
}

func (l timedLog) Start(b eventlog.Batch, done func(error)) {
	began := time.Now()
	l.Store.Start(b, func(err error) {
		l.observe(time.Since(began))
		done(err)
	})
}

// classes is the orchestrator as the gateway wants it.
type classes struct{ o *orchestrator.Orchestrator }

func (c classes) Do(ctx context.Context, r gateway.Request) (gateway.Answer, error) {
	a, err := c.o.Do(ctx, orchestrator.Request(r))
	return gateway.Answer(a), err
}

func (c classes) Read(ctx context.Context, tenant, id event.ID, f func(*session.State) error) error {
	return c.o.Read(ctx, tenant, id, f)
}

func (c classes) Follow(ctx context.Context, tenant, id, user event.ID, after event.Position) (gateway.Stream, error) {
	st, err := c.o.Follow(ctx, tenant, id, user, after)
	var rewind *orchestrator.RewindError
	if errors.As(err, &rewind) {
		return nil, &gateway.RewindError{To: rewind.To}
	}
	if err != nil {
		return nil, err
	}
	return stream{st}, nil
}

// stream is a follower's stream as the gateway wants it.
type stream struct{ *orchestrator.Stream }

func (s stream) Next(ctx context.Context) (gateway.Update, error) {
	u, err := s.Stream.Next(ctx)
	if err != nil {
		return gateway.Update{}, err
	}
	out := gateway.Update{Entries: make([]gateway.Entry, len(u.Entries))}
	for i, e := range u.Entries {
		out.Entries[i] = gateway.Entry{Epoch: e.Epoch, Sequence: e.Sequence, Copies: e}
	}
	if u.Status != nil {
		status := gateway.Status(*u.Status)
		out.Status = &status
	}
	return out, nil
}

// people is identity as the gateway wants it.
type people struct{ s *identity.Service }

func (p people) Authenticate(ctx context.Context, token, host string) (gateway.Principal, error) {
	found, err := p.s.AuthenticateAt(ctx, token, host)
	return gateway.Principal{UserID: found.UserID, TenantID: found.TenantID, SignInID: found.SignInID, DisplayName: found.DisplayName, Roles: found.Roles}, err
}

func (p people) RoleIn(ctx context.Context, who gateway.Principal, course event.ID, hosts []event.ID) (directory.Role, error) {
	return p.s.RoleIn(ctx, principal(who), course, hosts)
}

func (p people) Me(ctx context.Context, who gateway.Principal) (gateway.Me, error) {
	me, err := p.s.Me(ctx, principal(who))
	return gateway.Me(me), err
}

func (p people) Login(ctx context.Context, l gateway.Login) (gateway.TokenPair, error) {
	return pair(p.s.Login(ctx, loginRequest(l)))
}

func loginRequest(l gateway.Login) identity.LoginRequest {
	return identity.LoginRequest{Email: l.Email, Username: l.Username, Password: identity.Secret(l.Password),
		Tenant: l.Tenant, Host: l.Host, Address: l.Address}
}

func (p people) Refresh(ctx context.Context, token string) (gateway.TokenPair, error) {
	return pair(p.s.Refresh(ctx, token))
}

func (p people) Logout(ctx context.Context, l gateway.Logout) error {
	return p.s.Logout(ctx, identity.LogoutRequest(l))
}

func (p people) Password(ctx context.Context, who gateway.Principal, o gateway.PasswordOrder) (string, error) {
	if o.UserID.IsZero() {
		return "", p.s.ChangePassword(ctx, principal(who), identity.PasswordChange{LoginRequest: loginRequest(o.Login), New: identity.Secret(o.New)})
	}
	oneTime, err := p.s.ResetPassword(ctx, principal(who), identity.PasswordReset{UserID: o.UserID, New: identity.Secret(o.New), MustChange: o.MustChange})
	return string(oneTime), err
}

// schools is identity as the gateway wants it for the local admin API.
type schools struct{ s *identity.Service }

func (d schools) Ask(ctx context.Context, who gateway.Principal, question any) (any, error) {
	return d.s.Ask(ctx, principal(who), question)
}

func (d schools) Write(ctx context.Context, who gateway.Principal, w shared.Write) ([]byte, error) {
	return d.s.Write(ctx, principal(who), w)
}

// directoryStore is the store as identity wants it.
type directoryStore struct{ *sqlite.Store }

func (d directoryStore) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) error {
	return d.Store.Edit(ctx, tenant, func(e *sqlite.Edit) error { return f(e) })
}

func pair(t identity.TokenPair, err error) (gateway.TokenPair, error) {
	return gateway.TokenPair{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresAt: t.ExpiresAt, ExpiresIn: t.ExpiresIn, User: gateway.Me(t.User)}, err
}

func principal(p gateway.Principal) identity.Principal {
	return identity.Principal{UserID: p.UserID, TenantID: p.TenantID, SignInID: p.SignInID, DisplayName: p.DisplayName, Roles: p.Roles}
}
