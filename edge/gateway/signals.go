package gateway

import (
	"bytes"
	"context"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
	"multistream/shared/session"
)

// Signals carries what is over when it is told between the boxes and sockets of a class: the bus. While it is down, or
// where there is none, there is no presence, typing or pointer, and people are told so; nothing else notices.
type Signals interface {
	// Publish gives a message to all that listen to a class, this gateway too. It never waits; an error says it is lost.
	Publish(tenant, session event.ID, message []byte) error
	// Listen has take called with each message of a class until stop. take returns at once and keeps nothing of it.
	Listen(tenant, session event.ID, take func(message []byte)) (stop func())
	// Up tells whether it carries messages, and gives a channel that is closed when that changes.
	Up() (up bool, changed <-chan struct{})
}

// SignalMessage is the other thing that a client sends: never logged, never acknowledged, and dropped where it would be
// in the way.
type SignalMessage struct {
	Signal ClientSignal `json:"signal"`
}

// ClientSignal is exactly one of typing and pointer.
type ClientSignal struct {
	Typing  *ClientTyping  `json:"typing,omitempty" optional:"true"`
	Pointer *ClientPointer `json:"pointer,omitempty" optional:"true"`
}

// ClientTyping says that one types a message to an audience.
type ClientTyping struct {
	Audience string `json:"audience" enum:"all,staff"`
}

// ClientPointer says where one points at a scene.
type ClientPointer struct {
	SceneID event.ID `json:"sceneId"`
	X       int      `json:"x" limit:"coordinate"`
	Y       int      `json:"y" limit:"coordinate"`
}

// isSignal tells a signal by its first name alone, so that a flood is held back before it is decoded.
func isSignal(data []byte) bool {
	const space = " \t\r\n"
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(data, space), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, space), []byte(`"signal"`))
}

// signal takes a signal: what comes too fast is dropped unread; what is wrong is answered by an error.
func (s *socket) signal(data []byte) {
	if _, ok := s.g.signals.Take(s.who.UserID.String() + "/" + s.session.String()); !ok {
		s.g.metrics.signal("unread", "too_fast")
		return
	}
	if _, ok := s.g.classSignals.Take(s.session.String()); !ok {
		s.g.metrics.signal("unread", "class_too_fast")
		return
	}
	kind, err := s.give(data)
	if err == nil {
		s.g.metrics.signal(kind, "sent")
		return
	}
	f := rest.ToFault(err)
	s.g.metrics.signal(kind, string(f.Code))
	s.sendError(f, "")
}

// give decodes, judges and publishes a signal.
func (s *socket) give(data []byte) (kind string, err error) {
	m, err := s.decodeSignal(data)
	if err != nil {
		return "unread", err
	}
	kind, judge := m.judge(s.who.UserID)
	if s.g.o.Signals == nil {
		return kind, presenceDown(nil)
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.g.o.Pace.Answer)
	defer cancel()
	if err := s.g.o.Classes.Read(ctx, s.who.TenantID, s.session, judge); err != nil {
		return kind, err
	}
	if err := s.g.o.Signals.Publish(s.who.TenantID, s.session, encodeSignal(s.who.UserID, &m)); err != nil {
		return kind, presenceDown(err)
	}
	return kind, nil
}

func presenceDown(cause error) error {
	return fault.New(fault.FeatureDegraded, "Presence, typing and pointers do not work right now. Nobody was shown it; everything else goes on, and it comes back by itself.").Because(cause)
}

// decodeSignal reads a signal; as with commands, a client that sends no JSON is broken.
func (s *socket) decodeSignal(data []byte) (ClientSignal, error) {
	if len(data) > limits.SignalBytes {
		return ClientSignal{}, rest.TooLarge(limits.SignalBytes)
	}
	o, err := strictjson.Parse(data, limits.JSONDepth)
	if err != nil {
		s.strikes++
		return ClientSignal{}, err
	}
	s.strikes = 0
	var m SignalMessage
	err = strictjson.Bind(o, nil, &m)
	if err == nil && (m.Signal.Typing == nil) == (m.Signal.Pointer == nil) {
		err = fault.At(fault.InvalidField, "signal", "A signal is one of typing and pointer. Nobody was shown it.")
	}
	return m.Signal, err
}

// judge names a signal and gives the rule that it must pass.
func (m *ClientSignal) judge(user event.ID) (kind string, rule func(*session.State) error) {
	if m.Typing != nil {
		return "typing", func(s *session.State) error { return session.MayType(s, user, m.Typing.Audience) }
	}
	return "pointer", func(s *session.State) error { return session.MayPoint(s, user, m.Pointer.SceneID) }
}
