package gateway

import (
	"net/http"

	"multistream/shared/event"
)

const (
	inSession = "/sessions/{sessionId}"
	post      = http.MethodPost
	patch     = http.MethodPatch
	del       = http.MethodDelete
	created   = http.StatusCreated
)

func authRoutes() []route {
	return []route{
		{method: post, path: "/auth/login", id: "login", about: "Sign in by password; sets the cookies too.", open: true, keyless: true, request: loginBody{}, answer: TokenPair{}, handle: (*Gateway).login},
		{method: post, path: "/auth/refresh", id: "refresh", about: "Exchange a refresh token, once, for a new pair.", open: true, keyless: true, request: refreshBody{}, answer: TokenPair{}, handle: (*Gateway).refresh},
		{method: post, path: "/auth/logout", id: "logout", about: "End a sign-in, or all sign-ins of the person: their access tokens are refused and their sockets closed at once.", open: true, keyless: true, request: logoutBody{}, answer: Empty{}, handle: (*Gateway).logout},
		{method: post, path: "/auth/password", id: "changePassword", about: "Change one's own password, which ends one's other sign-ins; or, as an admin, reset somebody's, which ends all of theirs.", open: true, keyless: true, request: passwordBody{}, answer: PasswordAnswer{}, handle: (*Gateway).password},
		get("/me", "me", "Who is signed in.", Me{}, (*Gateway).me),
	}
}

func sessionRoutes() []route {
	return []route{
		{method: post, path: "/sessions", id: "scheduleSession", about: "Schedule a class. The same key makes the same class.", actions: []action{{command: "session.schedule"}}, answer: SessionAnswer{}, status: created, handle: (*Gateway).schedule},
		get("/sessions", "listSessions", "Classes that one may see, newest first.", SessionList{}, (*Gateway).listSessions,
			parameter{name: "status", about: "only of this status; may be given several times", enum: []string{"scheduled", "live", "halted", "ended", "cancelled", "archived"}},
			parameter{name: "from", about: "scheduled to start at this time or later", schema: event.Time(0)},
			parameter{name: "to", about: "scheduled to start before this time", schema: event.Time(0)},
			parameter{name: "courseId", about: "only of this course", schema: event.ID{}},
			parameter{name: "lessonId", about: "only of this lesson", schema: event.ID{}},
			parameter{name: "before", about: "the next of the page before", schema: event.ID{}},
			pageParameter()),
		get(inSession, "getSession", "One class.", Session{}, (*Gateway).getSession),
		one(patch, inSession, "rescheduleSession", "session.reschedule", "Change the plan; what is absent stays.", SessionAnswer{}, 0),
		one(del, inSession, "cancelSession", "session.cancel", "Cancel a class that has not started.", SessionAnswer{}, 0),
		one(post, inSession+"/start", "startSession", "session.start", "Start the class.", StartAnswer{}, 0),
		one(post, inSession+"/end", "endSession", "session.end", "Announce the end; for 10 s it can be undone.", EndAnswer{}, 0),
		one(post, inSession+"/undo-end", "undoEndSession", "session.undo_end", "Take the announced end back.", EndAnswer{}, 0),
		one(post, inSession+"/halt", "haltSession", "session.halt", "Kill switch: stop the class until it is resumed.", SessionAnswer{}, 0),
		one(post, inSession+"/resume", "resumeSession", "session.resume", "Go on after a halt.", SessionAnswer{}, 0),
		one(post, inSession+"/archive", "archiveSession", "session.archive", "Put an ended class away.", SessionAnswer{}, 0),
		one(post, inSession+"/settings", "changeSettings", "session.settings", "Change the switches of a class; what is absent stays.", Done{}, 0),
		get(inSession+"/state", "getState", "What one may know of the class now.", StateAnswer{}, (*Gateway).getState),
		get(inSession+"/events", "getEvents", "What happened after a position, as one may see it: a frame, as on the socket.", EventsAnswer{}, (*Gateway).getEvents,
			parameter{name: "after", about: "a position like 1.42; 0 events of it are repeated", required: true, schema: event.Position{}}),
	}
}

func liveRoutes() []route {
	return []route{
		get(inSession+"/live", "live", "WebSocket: frames of events after a position, live; see /api/socket.schema.json.", nil, (*Gateway).live,
			parameter{name: "after", about: "a position like 1.42 to resume from; without it a fresh view comes first", schema: event.Position{}}),
		{method: http.MethodGet, path: "/openapi.json", id: "openapi", about: "This document.", open: true, unclaimed: true, handle: document(OpenAPI)},
		{method: http.MethodGet, path: "/socket.schema.json", id: "socketSchema", about: "JSON Schema of the socket's messages.", open: true, unclaimed: true, handle: document(SocketSchema)},
		get(inSession+"/frames", "frames", "Long poll: what the socket would have told after a position, as soon as there is something, for clients that can't keep a socket open.", Frames{}, (*Gateway).frames,
			parameter{name: "after", about: "upTo of the last frame, as a position like 1.42; without it a fresh view comes", schema: event.Position{}},
			parameter{name: "wait", about: "seconds to wait for something to tell, 0 to 25, 25 if not given", schema: 0, limit: "poll_wait"},
			parameter{name: "status", about: "the state of the last status that was told: another one is told at once; live if not given", enum: []string{"live", "halted"}}),
	}
}
