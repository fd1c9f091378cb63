package gateway

import (
	"context"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// reasonMediaOff says why there is no media token.
const reasonMediaOff = string(fault.MediaOff)

// answer tells what a command did. It is made of the facts, so that a repeat is told the same; of the state only what can't
// change any more since, and the view of a join, which is always the present one.
func (g *Gateway) answer(ctx context.Context, o order, a Answer) (any, error) {
	at := rest.PositionText(a.Position)
	switch o.route.Answer.(type) {
	case Created:
		return createdAnswer(a, at), nil
	case SceneAnswer:
		return g.sceneAnswer(ctx, o, a, at)
	case AssetAnswer:
		added, ok := factOf[event.AssetAdded](a)
		if !ok {
			return nil, fault.New(fault.WrongState, "The class has this asset already. Nothing was changed.")
		}
		return AssetAnswer{AssetID: added.AssetID, ContentURL: contentURL(o.session, added.AssetID), Position: at}, nil
	case SessionAnswer, StartAnswer, EndAnswer:
		s, err := g.sessionAfter(ctx, o, a)
		if err != nil {
			return nil, err
		}
		switch o.route.Answer.(type) {
		case StartAnswer:
			return StartAnswer{Session: s, LivekitTokenReason: reasonMediaOff, Position: at}, nil
		case EndAnswer:
			out := EndAnswer{Session: s, Position: at}
			if ending, ok := factOf[event.SessionEnding](a); ok {
				out.EndsAt = &ending.EndsAt
			}
			return out, nil
		}
		return SessionAnswer{Session: s, Position: at}, nil
	case JoinAnswer:
		return g.joinAnswer(ctx, o, a)
	}
	return Done{Position: at}, nil
}

// factOf finds the first fact of a type.
func factOf[P any](a Answer) (*P, bool) {
	for i := range a.Facts {
		if p, ok := a.Facts[i].Payload.(*P); ok {
			return p, true
		}
	}
	return nil, false
}

func createdAnswer(a Answer, at string) Created {
	out := Created{Position: at}
	for i := range a.Facts {
		f := &a.Facts[i]
		var id event.ID
		switch p := f.Payload.(type) {
		case *event.ChatMessage:
			id = p.MessageID
		case *event.ChatHeld:
			id, out.Held = p.MessageID, p.Reason
		case *event.QuestionAsked:
			id = p.QuestionID
		case *event.PollStarted:
			id = p.PollID
		case *event.MessageReported:
			id = p.ReportID
		case *event.NoteAdded:
			id = p.NoteID
		case *event.ChapterMarked:
			id = p.MarkID
		case *event.CTAShown:
			id = p.CTAID
		default:
			continue
		}
		out.ID, out.CreatedAt = &id, timeOrNull(f.CreatedAt)
		break
	}
	return out
}

func (g *Gateway) sceneAnswer(ctx context.Context, o order, a Answer, at string) (any, error) {
	if p, ok := factOf[event.SceneCreated](a); ok {
		return SceneAnswer{ID: p.SceneID, SessionID: o.session, Name: p.Name, Layout: p.Layout, Position: at}, nil
	}
	if p, ok := factOf[event.SceneUpdated](a); ok {
		return SceneAnswer{ID: p.SceneID, SessionID: o.session, Name: p.Name, Layout: p.Layout, Position: at}, nil
	}
	asked, ok := o.payload.(*session.SceneUpdate)
	if !ok {
		return nil, fault.New(fault.WrongState, "The scene was not made. Nothing was changed.")
	}
	return SceneAnswer{ID: asked.SceneID, SessionID: o.session, Name: event.Plain(asked.Name),
		Layout: event.Layout{Name: asked.Layout.Name, Spotlight: asked.Layout.Spotlight}, Position: at}, nil
}

// sessionAfter shows the class right after a command: plan and status by its facts, the rest by the state.
func (g *Gateway) sessionAfter(ctx context.Context, o order, a Answer) (Session, error) {
	for i := range a.Facts {
		switch p := a.Facts[i].Payload.(type) {
		case *event.SessionScheduled:
			return sessionFrom(o.session, p.Plan, session.Scheduled, 0, 0), nil
		case *event.SessionRescheduled:
			return g.replanned(ctx, o, p.Plan, a.Facts[i].CreatedAt)
		}
	}
	var out Session
	err := g.o.Classes.Read(ctx, o.who.TenantID, o.session, func(s *session.State) error {
		out = sessionOf(s)
		return nil
	})
	for i := range a.Facts {
		switch p := a.Facts[i].Payload.(type) {
		case *event.SessionCancelled:
			out.Status = session.Cancelled
		case *event.SessionStarted:
			out.Status, out.StartedAt, out.EndedAt = session.Live, &p.StartedAt, nil
		case *event.SessionEnding, *event.SessionEndingUndone, *event.SessionResumed:
			if out.EndedAt = nil; out.Status != session.Halted {
				out.Status = session.Live
			}
		case *event.SessionHalted:
			out.Status, out.EndedAt = session.Halted, nil
		case *event.SessionArchived:
			out.Status = session.Archived
		}
	}
	return out, err
}

// replanned shows a class as it was right after its plan changed: scheduled, or live already if only the join code did.
func (g *Gateway) replanned(ctx context.Context, o order, plan event.Plan, at event.Time) (out Session, err error) {
	err = g.o.Classes.Read(ctx, o.who.TenantID, o.session, func(s *session.State) error {
		if started := s.Life.StartedAt; started != 0 && started <= at {
			out = sessionFrom(o.session, plan, session.Live, started, 0)
		} else {
			out = sessionFrom(o.session, plan, session.Scheduled, 0, 0)
		}
		return nil
	})
	return out, err
}

func (g *Gateway) joinAnswer(ctx context.Context, o order, a Answer) (any, error) {
	out := JoinAnswer{LivekitTokenReason: reasonMediaOff}
	err := g.o.Classes.Read(ctx, o.who.TenantID, o.session, func(s *session.State) (err error) {
		out.Session = sessionOf(s)
		out.Position = rest.PositionText(event.Position{Epoch: s.Epoch, Sequence: s.Sequence})
		if standing, role := session.StandingOf(s, o.who.UserID); standing == session.StandingStaff || standing == session.StandingMember {
			out.Participant = &Participant{UserID: o.who.UserID, Role: role}
		}
		out.View, err = g.viewOf(s, o.who.UserID)
		return err
	})
	if p, ok := factOf[event.ParticipantJoined](a); ok { // as it was told the first time
		out.Participant = &Participant{UserID: p.UserID, Role: p.Role}
	}
	if out.Participant == nil {
		out.ParticipantReason = string(fault.Waiting)
	}
	return out, err
}

func contentURL(session, asset event.ID) string {
	return "/api/sessions/" + session.String() + "/assets/" + asset.String()
}
