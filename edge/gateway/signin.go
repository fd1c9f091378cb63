package gateway

import (
	"net/http"
	"strings"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/fault"
)

// Over TLS the cookies' names say what browsers then insist on: __Host- that this very host set it, for all of its paths, over
// TLS; __Secure- that it was set over TLS. No neighbouring host or plain connection can plant one.
const (
	hostPrefix    = "__Host-"
	securePrefix  = "__Secure-"
	accessCookie  = "ms_access"
	refreshCookie = "ms_refresh"
	refreshPath   = "/api/auth"
	refreshAge    = 30 * 24 * 3600 // seconds
)

// Empty is an answer without content.
type Empty struct{}

type loginBody struct {
	Email    string `json:"email,omitzero" optional:"true" limit:"email"`
	Username string `json:"username,omitzero" optional:"true" limit:"username"`
	Password string `json:"password" limit:"password"`
	Tenant   string `json:"tenant,omitzero" optional:"true"`
}

type refreshBody struct {
	RefreshToken string `json:"refreshToken,omitzero" optional:"true"`
}

type logoutBody struct {
	refreshBody
	Everywhere bool `json:"everywhere,omitzero" optional:"true"`
}

// authenticate finds out who sends a request, and by which token: its Bearer token or, in a browser, the cookie's.
func (g *Gateway) authenticate(r *http.Request, rt *route) (who Principal, token string, err error) {
	read := tokenOf
	if rt.id == "live" {
		read = socketToken
	}
	if token, err = read(r); err != nil {
		return Principal{}, "", err
	}
	who, err = g.o.Identity.Authenticate(r.Context(), token, r.Host)
	return who, token, err
}

func tokenOf(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", fault.New(fault.Unauthenticated, "The header Authorization must be a Bearer token. Please sign in.")
		}
		return token, nil
	}
	if cookie, err := r.Cookie(cookieName(r, hostPrefix, accessCookie)); err == nil && cookie.Value != "" {
		return cookie.Value, nil
	}
	return "", fault.New(fault.Unauthenticated, "Nobody is signed in here. Please sign in.")
}

// login has no limit of rate here: a school is often one address, and all of it signs in at the bell. Wrong passwords are
// slowed by identity, and its bounded queue holds the others back.
func (g *Gateway) login(c *call) (any, error) {
	var b loginBody
	if err := strictjson.Bind(c.body, nil, &b); err != nil {
		return nil, err
	}
	pair, err := g.o.Identity.Login(c.r.Context(), Login{
		Email: b.Email, Username: b.Username, Password: b.Password, Tenant: b.Tenant, Host: c.r.Host, Address: addressOf(c.r),
	})
	if err != nil {
		return nil, err
	}
	setCookies(c, pair.AccessToken, pair.ExpiresIn, pair.RefreshToken, refreshAge)
	return pair, nil
}

func (g *Gateway) refresh(c *call) (any, error) {
	if wait, ok := g.signIns.has(addressOf(c.r)); !ok {
		return nil, tooFast(wait)
	}
	var b refreshBody
	if err := strictjson.Bind(c.body, nil, &b); err != nil {
		return nil, err
	}
	token := refreshToken(c, b)
	if token == "" {
		return nil, fault.New(fault.Unauthenticated, "There is no refresh token. Please sign in.")
	}
	pair, err := g.o.Identity.Refresh(c.r.Context(), token)
	if err == nil && pair.User.Guest {
		pair.User, err = g.guestMe(c.r.Context(), Principal{UserID: pair.User.ID, TenantID: pair.User.TenantID, GuestOf: *pair.User.SessionID})
	}
	if err != nil {
		if fault.Lookup(toFault(err).Code).Status < 500 { // what the box can't do costs nobody anything
			g.signIns.take(addressOf(c.r))
		}
		return nil, err
	}
	setCookies(c, pair.AccessToken, pair.ExpiresIn, pair.RefreshToken, refreshAge)
	return pair, nil
}

func (g *Gateway) logout(c *call) (any, error) {
	var b logoutBody
	if err := strictjson.Bind(c.body, nil, &b); err != nil {
		return nil, err
	}
	access, _ := tokenOf(c.r) // none is no error
	if err := g.o.Identity.Logout(c.r.Context(), Logout{RefreshToken: refreshToken(c, b.refreshBody), AccessToken: access, Everywhere: b.Everywhere}); err != nil {
		return nil, err
	}
	setCookies(c, "", -1, "", -1)
	setDevice(c, "", -1) // who comes to this device next is another guest
	return Empty{}, nil
}

func (g *Gateway) me(c *call) (any, error) {
	if c.who.isGuest() {
		return g.guestMe(c.r.Context(), c.who)
	}
	return g.o.Identity.Me(c.r.Context(), c.who)
}

func mediaOff(*Gateway, *call) (any, error) {
	return nil, fault.New(fault.MediaOff, "Sound and picture are off on this box; the class goes on without. Nothing was changed.")
}

// refreshToken is the one of the body, else of the cookie.
func refreshToken(c *call, b refreshBody) string {
	if cookie, err := c.r.Cookie(cookieName(c.r, securePrefix, refreshCookie)); b.RefreshToken == "" && err == nil {
		return cookie.Value
	}
	return b.RefreshToken
}

// setCookies keeps scripts from the tokens, other sites from using them, and the refresh token from all but its purpose.
func setCookies(c *call, access string, accessAge int, refresh string, refreshAge int) {
	secure := c.r.TLS != nil
	http.SetCookie(c.w, &http.Cookie{Name: cookieName(c.r, hostPrefix, accessCookie), Value: access, Path: "/", MaxAge: accessAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode})
	http.SetCookie(c.w, &http.Cookie{Name: cookieName(c.r, securePrefix, refreshCookie), Value: refresh, Path: refreshPath, MaxAge: refreshAge, HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode})
}

func cookieName(r *http.Request, prefix, name string) string {
	if r.TLS == nil {
		return name
	}
	return prefix + name
}

// addressOf is the IP address that a request comes from. Headers of proxies are not believed: anybody can send them.
func addressOf(r *http.Request) string {
	return hostOf(r.RemoteAddr)
}
