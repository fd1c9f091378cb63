package edge

import (
	"context"
	"errors"
	"time"

	"multistream/edge/gateway"
	"multistream/edge/orchestrator"
	"multistream/edge/sqlite"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/identity"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
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

func (l timedLog) Start(b eventlog.Batch, done func(error)) { l.Store.Start(b, l.timed(done)) }

func (l timedLog) Queue(b eventlog.Batch, done func(error)) { l.Store.Queue(b, l.timed(done)) }

func (l timedLog) timed(done func(error)) func(error) {
	began := time.Now()
	return func(err error) {
		l.observe(time.Since(began))
		done(err)
	}
}

// classes is the orchestrator as the gateway wants it.
type classes struct{ b *Box }

func (c classes) Do(ctx context.Context, r gateway.Request) (gateway.Answer, error) {
	a, err := c.bounded(ctx, orchestrator.Request(r))
	return gateway.Answer(a), err
}

func (c classes) Read(ctx context.Context, tenant, id event.ID, f func(*session.State) error) error {
	return c.b.Classes.Read(ctx, tenant, id, f)
}

func (c classes) Follow(ctx context.Context, tenant, id, user event.ID, after event.Position) (gateway.Stream, error) {
	st, err := c.b.Classes.Follow(ctx, tenant, id, user, after)
	var rewind *orchestrator.RewindError
	if errors.As(err, &rewind) {
		return nil, &gateway.RewindError{To: rewind.To}
	}
	if err != nil {
		return nil, err
	}
	return &stream{Stream: st}, nil
}

// stream is a follower's stream as the gateway wants it. An update is valid until the next one.
type stream struct {
	*orchestrator.Stream
	entries []gateway.Entry
}

func (s *stream) Next(ctx context.Context) (gateway.Update, error) {
	u, err := s.Stream.Next(ctx)
	if err != nil {
		return gateway.Update{}, err
	}
	clear(s.entries) // nothing old is kept alive
	if s.entries = s.entries[:0]; cap(s.entries) > 16 {
		s.entries = nil // what is rare is not kept for
	}
	for _, e := range u.Entries {
		s.entries = append(s.entries, gateway.Entry{Epoch: e.Epoch, Sequence: e.Sequence, Durable: e.Durable, Copies: e})
	}
	out := gateway.Update{Entries: s.entries}
	if u.Status != nil {
		status := gateway.Status(*u.Status)
		out.Status = &status
	}
	return out, nil
}

// people is identity as the gateway wants it. Tokens of guests go to the part for guests.
type people struct {
	accounts.Service
	guests *identity.Guests
}

func (p people) Authenticate(ctx context.Context, token, host string) (rest.Principal, error) {
	if identity.OfGuest(token) {
		found, err := p.guests.AuthenticateAt(ctx, token, host)
		return rest.Principal{UserID: found.ID, TenantID: found.TenantID, GuestOf: found.SessionID}, err
	}
	return p.Service.Authenticate(ctx, token, host)
}

func (p people) Refresh(ctx context.Context, token string) (accounts.TokenPair, error) {
	if identity.OfGuest(token) {
		return guestPair(p.guests.Refresh(ctx, token))
	}
	return p.Service.Refresh(ctx, token)
}

func (p people) Welcome(ctx context.Context, tenant event.ID, host string) error {
	return p.guests.Welcome(ctx, tenant, host)
}

func (people) GuestID(session event.ID, device string) event.ID {
	return identity.GuestID(session, device)
}

func (p people) SignInGuest(ctx context.Context, tenant, session, guest event.ID) (accounts.TokenPair, error) {
	return guestPair(p.guests.SignIn(ctx, tenant, session, guest))
}

// guestPair leaves it to the gateway to say by which name the class knows the guest.
func guestPair(t identity.GuestPair, err error) (accounts.TokenPair, error) {
	return accounts.TokenPair{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresAt: t.ExpiresAt, ExpiresIn: t.ExpiresIn,
		User: accounts.Me{ID: t.Guest.ID, TenantID: t.Guest.TenantID, Roles: []directory.Role{}, Guest: true, SessionID: &t.Guest.SessionID}}, err
}

func (p people) Claimed(ctx context.Context) bool { return p.Rules.Claimed(ctx) }

func (p people) Claim(ctx context.Context, c gateway.Claim) (accounts.TokenPair, error) {
	return accounts.PairOf(p.Rules.Claim(ctx, identity.Claim{Code: c.Code, School: c.School, Domain: c.Domain, Email: c.Email, Username: c.Username,
		DisplayName: c.DisplayName, Password: identity.Secret(c.Password), Address: c.Address}))
}

func (p people) Logout(ctx context.Context, l accounts.Logout) error {
	if identity.OfGuest(l.RefreshToken) {
		return p.guests.Logout(ctx, l.RefreshToken)
	}
	return p.Service.Logout(ctx, l)
}

// directoryStore is the store as identity wants it.
type directoryStore struct{ *sqlite.Store }

func (d directoryStore) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) error {
	return d.Store.Edit(ctx, tenant, func(e *sqlite.Edit) error { return f(e) })
}
