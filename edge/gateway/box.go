package gateway

import (
	"context"
	"net/http"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/fault"
)

// Owner says to whom the box belongs. Errors are *fault.Fault.
type Owner interface {
	// Claimed tells whether the box belongs to a school.
	Claimed(ctx context.Context) bool
	// Claim makes it a school's and signs the first admin in.
	Claim(ctx context.Context, c Claim) (TokenPair, error)
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

func boxRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/box", id: "box", about: "Whether this box belongs to a school yet.", open: true, unclaimed: true, answer: BoxState{}, handle: (*Gateway).box},
		{method: http.MethodGet, path: "/box/authority.crt", id: "boxAuthority", about: "The certificate of the box's own authority (PEM), if its certificate is from there.", open: true, unclaimed: true, handle: (*Gateway).authority},
		{method: post, path: "/auth/claim", id: "claimBox", about: "Make a box that belongs to nobody a school's, with the code from its console; signs the first admin in.", open: true, unclaimed: true, keyless: true, request: claimBody{}, answer: TokenPair{}, status: created, handle: (*Gateway).claim},
	}
}

func (g *Gateway) box(c *call) (any, error) {
	s := BoxState{State: "claimed", Version: g.o.Version}
	if !g.o.Owner.Claimed(c.r.Context()) {
		s.State = "unclaimed"
	}
	if len(g.o.Authority) > 0 {
		s.Certificate = "/api/box/authority.crt"
	}
	return s, nil
}

func (g *Gateway) authority(c *call) (any, error) {
	if len(g.o.Authority) == 0 {
		return nil, fault.New(fault.NotFound, "This box has no authority of its own: its certificate is from elsewhere, or it is not reached over TLS.")
	}
	c.w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	c.w.Header().Set("Content-Disposition", `attachment; filename="school-box.crt"`)
	_, _ = c.w.Write(g.o.Authority)
	return written{}, nil
}

func (g *Gateway) claim(c *call) (any, error) {
	var b claimBody
	if err := strictjson.Bind(c.body, nil, &b); err != nil {
		return nil, err
	}
	pair, err := g.o.Owner.Claim(c.r.Context(), Claim{Code: b.Code, School: b.School, Domain: b.Domain, Email: b.Email,
		Username: b.Username, DisplayName: b.DisplayName, Password: b.Password, Address: addressOf(c.r)})
	if err != nil {
		return nil, err
	}
	setCookies(c, pair.AccessToken, pair.ExpiresIn, pair.RefreshToken, refreshAge)
	return pair, nil
}

// inUse refuses what a box that belongs to nobody can't do.
func (g *Gateway) inUse(c *call) error {
	if c.route.unclaimed || g.o.Owner.Claimed(c.r.Context()) {
		return nil
	}
	return fault.New(fault.BoxUnclaimed, "This box does not belong to a school yet. Nothing was changed; claim it with the code that is printed on its console.")
}
