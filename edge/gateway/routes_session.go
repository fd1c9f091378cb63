package gateway

import (
	"net/http"

	"multistream/shared/event"
	"multistream/shared/rest"
)

func (g *Gateway) sessionRoutes() []rest.Route {
	return []rest.Route{
		{Method: post, Path: "/sessions", ID: "scheduleSession", About: "Schedule a class. The same key makes the same class.", Actions: []rest.Action{giving("", "session.schedule")}, Answer: SessionAnswer{}, Status: created, Handle: g.schedule},
		rest.Get("/sessions", "listSessions", "Classes that one may see, newest first.", SessionList{}, g.listSessions,
			rest.Parameter{Name: "status", About: "only of this status; may be given several times", Enum: []string{"scheduled", "live", "halted", "ended", "cancelled", "archived"}},
			rest.Parameter{Name: "from", About: "scheduled to start at this time or later", Schema: event.Time(0)},
			rest.Parameter{Name: "to", About: "scheduled to start before this time", Schema: event.Time(0)},
			rest.Parameter{Name: "courseId", About: "only of this course", Schema: event.ID{}},
			rest.Parameter{Name: "lessonId", About: "only of this lesson", Schema: event.ID{}},
			rest.Parameter{Name: "before", About: "the next of the page before", Schema: event.ID{}},
			rest.PageParameter()),
		rest.Get(inSession, "getSession", "One class.", Session{}, g.getSession),
		one(patch, inSession, "rescheduleSession", "session.reschedule", "Change the plan; what is absent stays.", SessionAnswer{}, 0),
		one(del, inSession, "cancelSession", "session.cancel", "Cancel a class that has not started.", SessionAnswer{}, 0),
		one(post, inSession+"/start", "startSession", "session.start", "Start the class.", StartAnswer{}, 0),
		one(post, inSession+"/end", "endSession", "session.end", "Announce the end; for 10 s it can be undone.", EndAnswer{}, 0),
		one(post, inSession+"/undo-end", "undoEndSession", "session.undo_end", "Take the announced end back.", EndAnswer{}, 0),
		one(post, inSession+"/halt", "haltSession", "session.halt", "Kill switch: stop the class until it is resumed.", SessionAnswer{}, 0),
		one(post, inSession+"/resume", "resumeSession", "session.resume", "Go on after a halt.", SessionAnswer{}, 0),
		one(post, inSession+"/archive", "archiveSession", "session.archive", "Put an ended class away.", SessionAnswer{}, 0),
		one(post, inSession+"/settings", "changeSettings", "session.settings", "Change the switches of a class; what is absent stays.", Done{}, 0),
		rest.Get(inSession+"/state", "getState", "What one may know of the class now.", StateAnswer{}, g.getState),
		rest.Get(inSession+"/events", "getEvents", "What happened after a position, as one may see it: a frame, as on the socket.", EventsAnswer{}, g.getEvents,
			rest.Parameter{Name: "after", About: "a position like 1.42; 0 events of it are repeated", Required: true, Schema: event.Position{}}),
	}
}

func (g *Gateway) liveRoutes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: inSession + "/live", ID: "live", About: "WebSocket: frames of events after a position, live; see /api/socket.schema.json.", Handle: g.live,
			Socket: true, Token: socketToken, Status: http.StatusSwitchingProtocols, Gives: "The socket's messages are described by /api/socket.schema.json.",
			Query: []rest.Parameter{{Name: "after", About: "a position like 1.42 to resume from; without it a fresh view comes first", Schema: event.Position{}}}},
		{Method: http.MethodGet, Path: "/openapi.json", ID: "openapi", About: "This document.", Open: true, Ungated: true, Gives: theDocument, Handle: rest.Published(OpenAPI)},
		{Method: http.MethodGet, Path: "/socket.schema.json", ID: "socketSchema", About: "JSON Schema of the socket's messages.", Open: true, Ungated: true, Gives: theDocument, Handle: rest.Published(SocketSchema)},
		{Method: http.MethodGet, Path: inSession + "/frames", ID: "frames", About: "Long poll: what the socket would have told after a position, as soon as there is something, for clients that can't keep a socket open.", Answer: Frames{}, Handle: g.frames, Wait: g.o.Pace.Poll,
			Query: []rest.Parameter{{Name: "after", About: "upTo of the last frame, as a position like 1.42; without it a fresh view comes", Schema: event.Position{}},
				{Name: "wait", About: "seconds to wait for something to tell, 0 to 25, 25 if not given", Schema: 0, Limit: "poll_wait"},
				{Name: "status", About: "the state of the last status that was told: another one is told at once; live if not given", Enum: []string{"live", "halted"}}}},
	}
}
