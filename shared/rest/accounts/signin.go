package accounts

import (
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
)

// refreshAge is how long a browser keeps a refresh token, in seconds.
const refreshAge = 30 * 24 * 3600

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

// login has no limit of rate here: a school is often one address, and all of it signs in at the bell. Wrong passwords are
// slowed by identity, and its bounded queue holds the others back.
func (a *API) login(c *rest.Call) (any, error) {
	var b loginBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	pair, err := a.o.Identity.Login(c.R.Context(), Login{
		Email: b.Email, Username: b.Username, Password: b.Password, Tenant: b.Tenant, Host: c.R.Host, Address: rest.AddressOf(c.R),
	})
	if err != nil {
		return nil, err
	}
	a.SignIn(c, pair)
	return pair, nil
}

func (a *API) refresh(c *rest.Call) (any, error) {
	if wait, ok := a.signIns.Has(rest.AddressOf(c.R)); !ok {
		return nil, rest.TooFast(wait)
	}
	var b refreshBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	token := a.refreshToken(c, b)
	if token == "" {
		return nil, fault.New(fault.Unauthenticated, "There is no refresh token. Please sign in.")
	}
	pair, err := a.o.Identity.Refresh(c.R.Context(), token)
	if err == nil && pair.User.Guest && a.o.Guest != nil {
		pair.User, err = a.o.Guest(c.R.Context(), rest.Principal{UserID: pair.User.ID, TenantID: pair.User.TenantID, GuestOf: *pair.User.SessionID})
	}
	if err != nil {
		if fault.Lookup(rest.ToFault(err).Code).Status < 500 { // what the box can't do costs nobody anything
			a.signIns.Take(rest.AddressOf(c.R))
		}
		return nil, err
	}
	a.SignIn(c, pair)
	return pair, nil
}

func (a *API) logout(c *rest.Call) (any, error) {
	var b logoutBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	access, _ := a.o.Cookies.Token(c.R) // none is no error
	if err := a.o.Identity.Logout(c.R.Context(), Logout{RefreshToken: a.refreshToken(c, b.refreshBody), AccessToken: access, Everywhere: b.Everywhere}); err != nil {
		return nil, err
	}
	a.o.Cookies.Set(c, "", -1, "", -1)
	if a.o.SignedOut != nil {
		a.o.SignedOut(c)
	}
	return Empty{}, nil
}

func (a *API) me(c *rest.Call) (any, error) {
	if c.Who.IsGuest() {
		return a.o.Guest(c.R.Context(), c.Who)
	}
	return a.o.Identity.Me(c.R.Context(), c.Who)
}

// refreshToken is the one of the body, else of the cookie.
func (a *API) refreshToken(c *rest.Call, b refreshBody) string {
	if b.RefreshToken == "" {
		return a.o.Cookies.Refresh(c.R)
	}
	return b.RefreshToken
}

// SignIn leaves the tokens of a sign-in with a browser too.
func (a *API) SignIn(c *rest.Call, pair TokenPair) {
	a.o.Cookies.Set(c, pair.AccessToken, pair.ExpiresIn, pair.RefreshToken, refreshAge)
}
