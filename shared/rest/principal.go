package rest

import (
	"context"
	"net/http"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// Principal is somebody whose token was verified.
type Principal struct {
	UserID      event.ID
	TenantID    event.ID
	SignInID    event.ID
	DisplayName string
	Roles       []directory.Role // tenant-wide
	GuestOf     event.ID         // the one class that a guest is in; absent for the people of the directory
}

// IsGuest tells whether somebody is in one class and in no directory.
func (p *Principal) IsGuest() bool { return !p.GuestOf.IsZero() }

// Within keeps a guest inside their class: of everything else there is for them only who they are.
func (p *Principal) Within(rt *Route, class event.ID) error {
	switch {
	case !p.IsGuest() || rt.Guests || rt.InClass() && class == p.GuestOf:
		return nil
	case rt.InClass():
		return fault.New(fault.NotFound, "There is no such class.")
	}
	return fault.New(fault.Forbidden, "You are a guest of one class, and this is no part of it. Nothing was changed; sign in if you have an account.")
}

// Authenticator says whose an access token is. Errors are *fault.Fault.
type Authenticator interface {
	// Authenticate verifies an access token, for this Host.
	Authenticate(ctx context.Context, token, host string) (Principal, error)
}

// authenticate finds out who sends a request, and by which token: its Bearer token or, in a browser, the cookie's.
func (s *Server) authenticate(r *http.Request, rt *Route) (who Principal, token string, err error) {
	read := s.o.Cookies.Token
	if rt.Token != nil {
		read = rt.Token
	}
	if token, err = read(r); err != nil {
		return Principal{}, "", err
	}
	who, err = s.o.Authenticator.Authenticate(r.Context(), token, r.Host)
	return who, token, err
}

// Cookies is the first part of the names of a program's cookies: two programs on one host must not take each other's, as
// cookies know no ports.
type Cookies string

// Over TLS the cookies' names say what browsers then insist on: __Host- that this very host set it, for all of its paths, over
// TLS; __Secure- that it was set over TLS. No neighbouring host or plain connection can plant one.
const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
	refreshPath  = "/api/auth"
)

// Access is the name of the cookie that holds the access token of requests like this one.
func (k Cookies) Access(r *http.Request) string { return cookieName(r, hostPrefix, k.access()) }

func (k Cookies) access() string { return string(k) + "_access" }

// Token reads the access token of a request.
func (k Cookies) Token(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", fault.New(fault.Unauthenticated, "The header Authorization must be a Bearer token. Please sign in.")
		}
		return token, nil
	}
	if cookie, err := r.Cookie(k.Access(r)); err == nil && cookie.Value != "" {
		return cookie.Value, nil
	}
	return "", fault.New(fault.Unauthenticated, "Nobody is signed in here. Please sign in.")
}

// Refresh reads the refresh token of a request's cookie, "" for none.
func (k Cookies) Refresh(r *http.Request) string {
	cookie, err := r.Cookie(cookieName(r, securePrefix, string(k)+"_refresh"))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Set keeps scripts from the tokens, other sites from using them, and the refresh token from all but its purpose. Ages are
// in seconds; below 0 the cookie is taken back.
func (k Cookies) Set(c *Call, access string, accessAge int, refresh string, refreshAge int) {
	secure := c.R.TLS != nil
	http.SetCookie(c.W, &http.Cookie{Name: k.Access(c.R), Value: access, Path: "/", MaxAge: accessAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode})
	http.SetCookie(c.W, &http.Cookie{Name: cookieName(c.R, securePrefix, string(k)+"_refresh"), Value: refresh, Path: refreshPath, MaxAge: refreshAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode})
}

func cookieName(r *http.Request, prefix, name string) string {
	if r.TLS == nil {
		return name
	}
	return prefix + name
}
