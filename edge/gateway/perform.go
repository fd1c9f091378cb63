package gateway

import (
	"context"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
	"multistream/shared/session"
)

// order is a command that was decoded and not yet judged.
type order struct {
	who     rest.Principal
	session event.ID
	command string
	key     string
	payload any
	newCode bool // the box chooses a join code
	route   *rest.Route
}

// give is what most writing routes do: validate, authorise, do, answer.
func (g *Gateway) give(c *rest.Call) (any, error) {
	payload, err := bind(c.Action.Command, c.Body, c.Path)
	if err != nil {
		return nil, err
	}
	return g.perform(c.R.Context(), order{who: c.Who, session: c.Session, command: c.Action.Command, key: c.Key, payload: payload, route: c.Route})
}

// bind makes the payload of a command of what was sent.
func bind(command string, body strictjson.Object, path map[string]string) (any, error) {
	t, ok := session.CommandOf(command)
	if !ok {
		return nil, fault.At(fault.NotFound, "type", "There is no command %q. Nothing was changed.", command)
	}
	payload := t.New()
	return payload, strictjson.Bind(body, path, payload)
}

// perform judges and gives a command; REST and the socket share it.
func (g *Gateway) perform(ctx context.Context, o order) (any, error) {
	m, err := g.member(ctx, o.who, o.session)
	if err == nil {
		err = m.may(o.command)
	}
	if err == nil {
		err = g.crowded(&m, o.session, o.command)
	}
	if err != nil {
		g.metrics.commands.WithLabelValues(o.command, string(rest.ToFault(err).Code)).Inc()
		return nil, err
	}
	return g.do(ctx, o, m.actor(o.who))
}

// do gives a command that its actor may give.
func (g *Gateway) do(ctx context.Context, o order, actor session.Actor) (any, error) {
	digest, err := event.CanonicalJSON(o.payload)
	if err != nil {
		return nil, fault.New(fault.InvalidBody, "The request holds something that can't be kept. Nothing was changed.").Because(err)
	}
	return g.withCode(ctx, &o, func() (any, error) { return g.hand(ctx, o, actor, digest) })
}

// hand gives the command to the class. digest is of what was asked, before the box put anything to it.
func (g *Gateway) hand(ctx context.Context, o order, actor session.Actor, digest []byte) (any, error) {
	a, err := g.o.Classes.Do(ctx, Request{TenantID: o.who.TenantID, SessionID: o.session, Digest: digest,
		Command: session.Command{Type: o.command, Key: o.key, Actor: actor, Payload: o.payload}})
	result := "done"
	switch {
	case err != nil:
		result = string(rest.ToFault(err).Code)
	case a.Repeat:
		result = "repeat"
	case len(a.Facts) == 0:
		result = "nothing"
	}
	g.metrics.commands.WithLabelValues(o.command, result).Inc()
	if err != nil {
		return nil, err
	}
	return g.answer(ctx, o, a)
}

// schedule makes a class. Its id comes from who asks and their key, so that a retry finds the class that it made.
func (g *Gateway) schedule(c *rest.Call) (any, error) {
	payload, err := bind(c.Action.Command, c.Body, nil)
	if err != nil {
		return nil, err
	}
	plan := payload.(*session.SessionSchedule)
	ctx := c.R.Context()
	var role directory.Role
	if plan.CourseID.IsZero() {
		if _, err = g.o.Identity.Me(ctx, c.Who); err == nil { // an account that was disabled since is refused
			role = access.Highest(c.Who.Roles)
		}
	} else {
		role, err = g.o.Identity.RoleIn(ctx, c.Who, plan.CourseID, nil)
	}
	if err != nil {
		return nil, err
	}
	m := member{role: string(role)}
	if err := m.may(c.Action.Command); err != nil {
		return nil, err
	}
	id := event.DeriveID(c.Who.TenantID, c.Who.UserID, c.Key, 0)
	rest.NoteOf(c.R).Session = id
	return g.do(ctx, order{who: c.Who, session: id, command: c.Action.Command, key: c.Key, payload: payload, route: c.Route}, m.actor(c.Who))
}
