// Package accounts is the part of the API that box and hub have in common: signing in, who one is, and the people and
// courses of a school with what was done to them.
//
// It decodes and answers; who somebody is and what they may change says the part behind Identity and Directory.
package accounts

import (
	"context"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/people"
	"multistream/shared/rest"
)

// Identity signs people in. Errors are *fault.Fault.
type Identity interface {
	rest.Authenticator
	Me(ctx context.Context, p rest.Principal) (Me, error)
	Login(ctx context.Context, l Login) (TokenPair, error)
	Refresh(ctx context.Context, token string) (TokenPair, error)
	// Logout ends a sign-in, or all of a person; tokens that say nothing are no error.
	Logout(ctx context.Context, l Logout) error
	// Password changes who's own password, or that of a person who is named (who is absent then), or resets that of
	// somebody else and gives the one-time password if it made one.
	Password(ctx context.Context, who rest.Principal, o PasswordOrder) (oneTime string, err error)
}

// Directory answers questions about a school's people and courses and changes them; requests and answers are those of
// package people. Errors are *fault.Fault.
type Directory interface {
	Ask(ctx context.Context, who rest.Principal, question any) (answer any, err error)
	// Write makes a change once for each key of a person, and gives its answer as JSON.
	Write(ctx context.Context, who rest.Principal, w people.Write) (answer []byte, err error)
}

// Login is a sign-in by password.
type Login struct {
	Email, Username, Password, Tenant string
	Host, Address                     string
}

// Logout names a sign-in by its refresh token, else by an access token of it.
type Logout struct {
	RefreshToken, AccessToken string
	Everywhere                bool
}

// PasswordOrder is a change of a password, or with UserID a reset.
type PasswordOrder struct {
	Login      // the old password; the names of who is not signed in
	New        string
	UserID     event.ID
	MustChange bool
}

// Me is what somebody may know of themselves.
type Me struct {
	ID          event.ID         `json:"id"`
	TenantID    event.ID         `json:"tenantId"`
	Email       string           `json:"email,omitempty"`
	Username    string           `json:"username,omitempty"`
	DisplayName string           `json:"displayName"`
	Roles       []directory.Role `json:"roles"`
	Guest       bool             `json:"guest,omitempty"`     // of the class below, and of nothing else
	SessionID   *event.ID        `json:"sessionId,omitempty"` // guests only
}

// TokenPair answers a sign-in.
type TokenPair struct {
	AccessToken  string     `json:"accessToken"`
	RefreshToken string     `json:"refreshToken"`
	ExpiresAt    event.Time `json:"expiresAt"` // of the access token
	ExpiresIn    int        `json:"expiresIn"` // seconds from now
	User         Me         `json:"user"`
}

// Options configure an API. Identity, Directory and Cookies are required.
type Options struct {
	Identity  Identity
	Directory Directory
	Cookies   rest.Cookies
	Pace      rest.Pace
	Now       func() time.Time // nil: time.Now
	// Guest says who a guest of a class is there; nil: nobody is one.
	Guest func(ctx context.Context, guest rest.Principal) (Me, error)
	// SignedOut takes back what else the program left with a device; nil: nothing.
	SignedOut func(c *rest.Call)
}

// API holds the handlers. The zero value has the routes, for the documents, but can't serve them.
type API struct {
	o       Options
	signIns *rest.Limiter // refused refreshes, by address
}

// New makes an API.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &API{o: o, signIns: rest.NewLimiter(o.Pace.OrDefault().SignInsPer10, 10*time.Second, o.Now)}
}
