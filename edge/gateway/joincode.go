package gateway

import (
	"net/http"
	"net/url"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/session"
)

// JoinCode is by which code a class is joined, and where. Without a code all of it is null.
type JoinCode struct {
	Code     *string `json:"code"`
	JoinURL  *string `json:"joinUrl"` // the configured address, else as this box was asked; the code is in its fragment, which no server and no log is sent
	QR       *string `json:"qr"`      // the address as a QR code: an SVG picture
	Position string  `json:"position"`
}

type newCodeBody struct {
	JoinCode *string `json:"joinCode,omitempty" optional:"true" limit:"join_code"`
}

func (g *Gateway) joinCodeRoutes() []rest.Route {
	path := inSession + "/join-code"
	return []rest.Route{
		rest.Get(path, "getJoinCode", "By which code the class is joined, with address and QR code; staff only.", JoinCode{}, g.getJoinCode),
		{Method: post, Path: path, ID: "setJoinCode", About: "A new join code, in place of any before: random, or the one given.", Request: newCodeBody{}, Answer: JoinCode{}, Handle: g.setJoinCode},
		{Method: del, Path: path, ID: "revokeJoinCode", About: "Take the join code back: nobody new comes in by it.", Request: accounts.Empty{}, Answer: JoinCode{}, Handle: g.revokeJoinCode},
	}
}

func (g *Gateway) getJoinCode(c *rest.Call) (any, error) {
	m, err := g.member(c.R.Context(), c.Who, c.Session)
	switch {
	case err != nil:
		return nil, err
	case m.putOut:
		return nil, m.gone
	case m.role == "":
		return nil, fault.New(fault.NotFound, "There is no such class.")
	case !session.IsStaff(m.role):
		return nil, fault.New(fault.Forbidden, "The join code is shown to staff of the class. Please ask its teacher.")
	}
	return g.joinCode(c)
}

func (g *Gateway) setJoinCode(c *rest.Call) (any, error) {
	var b newCodeBody
	if err := bindBody(c, &b); err != nil {
		return nil, err
	}
	if b.JoinCode != nil && *b.JoinCode == "" {
		return nil, fault.At(fault.InvalidField, "joinCode", "A join code can't be empty. Nothing was changed; DELETE takes the code back.")
	}
	return g.recode(c, &session.SessionReschedule{JoinCode: b.JoinCode}, b.JoinCode == nil)
}

func (g *Gateway) revokeJoinCode(c *rest.Call) (any, error) {
	return g.recode(c, &session.SessionReschedule{JoinCode: new(string)}, false)
}

// recode changes the code as a change of the plan does, which the log keeps.
func (g *Gateway) recode(c *rest.Call, payload *session.SessionReschedule, random bool) (any, error) {
	const command = "session.reschedule"
	_, err := g.perform(c.R.Context(), order{who: c.Who, session: c.Session, command: command, key: c.Key, payload: payload, newCode: random, route: g.commands[command]})
	if err != nil {
		return nil, err
	}
	return g.joinCode(c)
}

// joinCode shows the code that the class has now. It is free at the address that it is shown at.
func (g *Gateway) joinCode(c *rest.Call) (any, error) {
	var code string
	var out JoinCode
	err := g.o.Classes.Read(c.R.Context(), c.Who.TenantID, c.Session, func(s *session.State) error {
		if s.Life.Status == session.Scheduled || s.Life.Status == session.Live || s.Life.Status == session.Halted {
			code = s.Desk.JoinCode
		}
		out.Position = rest.PositionText(event.Position{Epoch: s.Epoch, Sequence: s.Sequence})
		return nil
	})
	if err != nil || code == "" {
		return out, err
	}
	g.guesses.learn(sourceOf(rest.AddressOf(c.R)), code)
	text := g.addressFor(c.R) + "/join#" + url.PathEscape(code)
	picture, err := qrPicture(text)
	if err != nil {
		return nil, fault.At(fault.InvalidField, "Host", "The address that this box was asked by is too long for a QR code.").Because(err)
	}
	out.Code, out.JoinURL, out.QR = &code, &text, &picture
	return out, nil
}

// addressFor is where people reach the box: what was configured, else what the asker reached it by.
func (g *Gateway) addressFor(r *http.Request) string {
	switch {
	case g.o.PublicURL != "":
		return g.o.PublicURL
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
