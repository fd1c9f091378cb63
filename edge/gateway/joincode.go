package gateway

import (
	"net/http"
	"net/url"

	"multistream/shared/event"
	"multistream/shared/fault"
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

func joinCodeRoutes() []route {
	path := inSession + "/join-code"
	return []route{
		get(path, "getJoinCode", "By which code the class is joined, with address and QR code; staff only.", JoinCode{}, (*Gateway).getJoinCode),
		{method: post, path: path, id: "setJoinCode", about: "A new join code, in place of any before: random, or the one given.", request: newCodeBody{}, answer: JoinCode{}, handle: (*Gateway).setJoinCode},
		{method: del, path: path, id: "revokeJoinCode", about: "Take the join code back: nobody new comes in by it.", request: Empty{}, answer: JoinCode{}, handle: (*Gateway).revokeJoinCode},
	}
}

func (g *Gateway) getJoinCode(c *call) (any, error) {
	m, err := g.member(c.r.Context(), c.who, c.session)
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

func (g *Gateway) setJoinCode(c *call) (any, error) {
	var b newCodeBody
	if err := bindBody(c, &b); err != nil {
		return nil, err
	}
	if b.JoinCode != nil && *b.JoinCode == "" {
		return nil, fault.At(fault.InvalidField, "joinCode", "A join code can't be empty. Nothing was changed; DELETE takes the code back.")
	}
	return g.recode(c, &session.SessionReschedule{JoinCode: b.JoinCode}, b.JoinCode == nil)
}

func (g *Gateway) revokeJoinCode(c *call) (any, error) {
	return g.recode(c, &session.SessionReschedule{JoinCode: new(string)}, false)
}

// recode changes the code as a change of the plan does, which the log keeps.
func (g *Gateway) recode(c *call, payload *session.SessionReschedule, random bool) (any, error) {
	const command = "session.reschedule"
	_, err := g.perform(c.r.Context(), order{who: c.who, session: c.session, command: command, key: c.key, payload: payload, newCode: random, route: g.commands[command]})
	if err != nil {
		return nil, err
	}
	return g.joinCode(c)
}

// joinCode shows the code that the class has now. It is free at the address that it is shown at.
func (g *Gateway) joinCode(c *call) (any, error) {
	var code string
	var out JoinCode
	err := g.o.Classes.Read(c.r.Context(), c.who.TenantID, c.session, func(s *session.State) error {
		if s.Life.Status == session.Scheduled || s.Life.Status == session.Live || s.Life.Status == session.Halted {
			code = s.Desk.JoinCode
		}
		out.Position = positionText(event.Position{Epoch: s.Epoch, Sequence: s.Sequence})
		return nil
	})
	if err != nil || code == "" {
		return out, err
	}
	g.guesses.learn(sourceOf(addressOf(c.r)), code)
	text := g.addressFor(c.r) + "/join#" + url.PathEscape(code)
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
