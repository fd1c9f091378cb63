package gateway

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/rest/strictjson"
	"multistream/shared/session"
)

const (
	deviceCookie = "ms_device"
	devicePath   = "/api"
	deviceAge    = 24 * 3600 // seconds
)

// Guests are people whom no directory knows. Errors are *fault.Fault.
type Guests interface {
	// Welcome refuses with fault.JoinCodeWrong where the Host belongs to another tenant, and while the tenant takes nobody in.
	Welcome(ctx context.Context, tenant event.ID, host string) error
	// GuestID is who a device is in a class, each time it comes.
	GuestID(session event.ID, device string) event.ID
	SignInGuest(ctx context.Context, tenant, session, guest event.ID) (accounts.TokenPair, error)
}

type codeBody struct {
	Code        string `json:"code" limit:"typed_code"`
	DisplayName string `json:"displayName,omitzero" optional:"true" limit:"display_name"`
	Device      string `json:"device,omitzero" optional:"true" limit:"device"`
}

// CodeJoinAnswer lets somebody in by a code; Guest is null for who was signed in.
type CodeJoinAnswer struct {
	JoinAnswer
	Guest *GuestAnswer `json:"guest"`
}

// GuestAnswer is the sign-in of a guest, for this class alone. Device makes the same device the same guest again: send it
// with the code, or keep the cookie that says the same.
type GuestAnswer struct {
	accounts.TokenPair
	Device string `json:"device"`
}

// joinByCode lets in who is signed in as themselves, and anybody else as a guest of the class.
func (g *Gateway) joinByCode(c *rest.Call) (any, error) {
	var b codeBody
	if err := bindBody(c, &b); err != nil {
		return nil, err
	}
	who, err := g.comer(c)
	if err != nil {
		return nil, err
	}
	class, err := g.byCode(c, who, foldCode(b.Code))
	if err != nil {
		return nil, err
	}
	rest.NoteOf(c.R).Session = class.ID
	if who.UserID.IsZero() || who.IsGuest() && who.GuestOf != class.ID {
		return g.guestJoins(c, &class, &b)
	}
	rest.NoteOf(c.R).User = who.UserID
	joined, err := g.enter(c, who, &class, b.DisplayName)
	return CodeJoinAnswer{JoinAnswer: joined}, err
}

// comer is who asks; absent for who shows no sign-in. One that is not accepted any more is an error, or somebody known would
// become a guest by surprise.
func (g *Gateway) comer(c *rest.Call) (rest.Principal, error) {
	cookie, err := c.R.Cookie(cookies.Access(c.R))
	if c.R.Header.Get("Authorization") == "" && (err != nil || cookie.Value == "") {
		return rest.Principal{}, nil
	}
	return c.SignedIn()
}

// byCode finds the class that a code opens, for people of any tenant or of one alone. A wrong one is always told the same.
func (g *Gateway) byCode(c *rest.Call, who rest.Principal, code string) (eventlog.Summary, error) {
	ctx, source := c.R.Context(), sourceOf(rest.AddressOf(c.R))
	if !who.UserID.IsZero() && !who.IsGuest() {
		source = "user " + who.UserID.String() // so that a school in which somebody guesses can still sign in and join
	}
	return g.guesses.judge(ctx, source, code, func() (eventlog.Summary, error) {
		open, err := g.guesses.lookUp(ctx, code, g.o.Sessions)
		if err != nil {
			return eventlog.Summary{}, err
		}
		for i := range open {
			if !who.UserID.IsZero() && !who.IsGuest() {
				if open[i].TenantID == who.TenantID {
					return open[i], nil
				}
				continue
			}
			err := g.o.Guests.Welcome(ctx, open[i].TenantID, c.R.Host)
			if err == nil || rest.ToFault(err).Code != fault.JoinCodeWrong {
				return open[i], err
			}
		}
		return eventlog.Summary{}, fault.New(fault.JoinCodeWrong, "No class is open under this code. Nothing was changed; check it, or ask for a new one.")
	})
}

// enter joins a class as somebody. Who has no part in it is a student of it: the code invited them.
func (g *Gateway) enter(c *rest.Call, who rest.Principal, class *eventlog.Summary, name string) (JoinAnswer, error) {
	const command = "participant.join"
	ctx := c.R.Context()
	m, err := g.member(ctx, who, class.ID)
	if err != nil {
		return JoinAnswer{}, err
	}
	if m.role == "" {
		m.role = access.Student
	}
	if err := m.may(command); err != nil {
		return JoinAnswer{}, err
	}
	o := order{who: who, session: class.ID, command: command, key: c.Key, route: g.commands[command], payload: &session.ParticipantJoin{DisplayName: name}}
	joined, err := g.do(ctx, o, m.actor(who))
	if err != nil {
		return JoinAnswer{}, err
	}
	return joined.(JoinAnswer), nil
}

// guestJoins makes a device a guest of the class. They sign in once the class took them: who is refused leaves no trace.
func (g *Gateway) guestJoins(c *rest.Call, class *eventlog.Summary, b *codeBody) (any, error) {
	device := b.Device
	if cookie, err := c.R.Cookie(deviceCookie); device == "" && err == nil {
		device = cookie.Value
	}
	if len(device) < 32 { // none yet
		raw := make([]byte, 32)
		rand.Read(raw)
		device = base64.RawURLEncoding.EncodeToString(raw)
	}
	who := rest.Principal{UserID: g.o.Guests.GuestID(class.ID, device), TenantID: class.TenantID, GuestOf: class.ID}
	rest.NoteOf(c.R).User = who.UserID
	joined, err := g.enter(c, who, class, b.DisplayName)
	if err != nil {
		return nil, err
	}
	pair, err := g.o.Guests.SignInGuest(c.R.Context(), class.TenantID, class.ID, who.UserID)
	if err != nil {
		return nil, err
	}
	if pair.User, err = g.guestMe(c.R.Context(), who); err != nil {
		return nil, err
	}
	cookies.Set(c, pair.AccessToken, pair.ExpiresIn, pair.RefreshToken, deviceAge)
	setDevice(c, device, deviceAge)
	return CodeJoinAnswer{JoinAnswer: joined, Guest: &GuestAnswer{TokenPair: pair, Device: device}}, nil
}

// guestMe is what a guest may know of themselves: by which name the class knows them.
func (g *Gateway) guestMe(ctx context.Context, who rest.Principal) (accounts.Me, error) {
	me := accounts.Me{ID: who.UserID, TenantID: who.TenantID, Roles: []directory.Role{}, Guest: true, SessionID: &who.GuestOf}
	err := g.o.Classes.Read(ctx, who.TenantID, who.GuestOf, func(s *session.State) error {
		name, _ := session.NameOf(s, who.UserID)
		me.DisplayName = name.V
		return nil
	})
	return me, err
}

// forgetDevice has who comes to this device next be another guest.
func forgetDevice(c *rest.Call) { setDevice(c, "", -1) }

func setDevice(c *rest.Call, device string, age int) {
	http.SetCookie(c.W, &http.Cookie{Name: deviceCookie, Value: device, Path: devicePath, MaxAge: age, HttpOnly: true, Secure: c.R.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// bindBody reads the body of a route that gives no command by itself.
func bindBody(c *rest.Call, into any) error { return strictjson.Bind(c.Body, nil, into) }
