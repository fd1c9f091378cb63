package gateway

import (
	"context"
	"net/http"

	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/rest/strictjson"
)

// Owner says to whom the box belongs. Errors are *fault.Fault.
type Owner interface {
	// Claimed tells whether the box belongs to a school.
	Claimed(ctx context.Context) bool
	// Claim makes it a school's and signs the first admin in.
	Claim(ctx context.Context, c Claim) (accounts.TokenPair, error)
}

// Claim makes a box that belongs to nobody a school's.
type Claim struct {
	Code, School, Domain                   string
	Email, Username, DisplayName, Password string
	Address                                string
}

// BoxState tells whether a box is in use, to anybody who reaches it.
type BoxState struct {
	State       string `json:"state" enum:"unclaimed,claimed"`
	Version     string `json:"version"`
	Certificate string `json:"certificateUrl,omitzero"` // of the box's own authority, to be trusted once on each device
}

type claimBody struct {
	Code        string `json:"code" limit:"claim_code"`
	School      string `json:"school" limit:"title"`
	Domain      string `json:"domain,omitzero" optional:"true" limit:"domain"`
	Email       string `json:"email,omitzero" optional:"true" limit:"email"`
	Username    string `json:"username,omitzero" optional:"true" limit:"username"`
	DisplayName string `json:"displayName" limit:"display_name"`
	Password    string `json:"password" limit:"password"`
}

func (g *Gateway) boxRoutes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: "/box", ID: "box", About: "Whether this box belongs to a school yet.", Open: true, Ungated: true, Answer: BoxState{}, Handle: g.box},
		{Method: http.MethodGet, Path: "/box/authority.crt", ID: "boxAuthority", About: "The certificate of the box's own authority (PEM), if its certificate is from there.", Open: true, Ungated: true, Gives: theDocument, Handle: g.authority},
		{Method: post, Path: "/auth/claim", ID: "claimBox", About: "Make a box that belongs to nobody a school's, with the code from its console; signs the first admin in.", Open: true, Ungated: true, Keyless: true, Request: claimBody{}, Answer: accounts.TokenPair{}, Status: created, Handle: g.claim},
	}
}

func (g *Gateway) box(c *rest.Call) (any, error) {
	s := BoxState{State: "claimed", Version: g.o.Version}
	if !g.o.Owner.Claimed(c.R.Context()) {
		s.State = "unclaimed"
	}
	if len(g.o.Authority) > 0 {
		s.Certificate = "/api/box/authority.crt"
	}
	return s, nil
}

func (g *Gateway) authority(c *rest.Call) (any, error) {
	if len(g.o.Authority) == 0 {
		return nil, fault.New(fault.NotFound, "This box has no authority of its own: its certificate is from elsewhere, or it is not reached over TLS.")
	}
	c.W.Header().Set("Content-Type", "application/x-x509-ca-cert")
	c.W.Header().Set("Content-Disposition", `attachment; filename="school-box.crt"`)
	_, _ = c.W.Write(g.o.Authority)
	return rest.Written{}, nil
}

func (g *Gateway) claim(c *rest.Call) (any, error) {
	var b claimBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	pair, err := g.o.Owner.Claim(c.R.Context(), Claim{Code: b.Code, School: b.School, Domain: b.Domain, Email: b.Email,
		Username: b.Username, DisplayName: b.DisplayName, Password: b.Password, Address: rest.AddressOf(c.R)})
	if err != nil {
		return nil, err
	}
	g.accounts.SignIn(c, pair)
	return pair, nil
}

// inUse refuses what a box that belongs to nobody can't do.
func (g *Gateway) inUse(c *rest.Call) error {
	if g.o.Owner.Claimed(c.R.Context()) {
		return nil
	}
	return fault.New(fault.BoxUnclaimed, "This box does not belong to a school yet. Nothing was changed; claim it with the code that is printed on its console.")
}
