package api

import (
	"net/http"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/session"
)

const (
	inSession = rest.InSession
	get       = http.MethodGet
	post      = http.MethodPost
)

var statuses = []string{session.Scheduled, session.Live, session.Halted, session.Ended, session.Cancelled, session.Archived}

func (a *API) sessionRoutes() []rest.Route {
	return []rest.Route{
		{Method: post, Path: "/sessions", ID: "scheduleSession", About: "Plan a class, which its home edge then adopts. The same key makes the same class; double bookings are told, not refused.", Request: planBody{}, Answer: Session{}, Status: http.StatusCreated, Handle: a.schedule},
		rest.Get("/sessions", "listSessions", "Classes that one may see, newest first.", SessionList{}, a.listSessions,
			rest.Parameter{Name: "status", About: "only of this status; may be given several times", Enum: statuses},
			rest.Parameter{Name: "from", About: "scheduled to start at this time or later", Schema: event.Time(0)},
			rest.Parameter{Name: "to", About: "scheduled to start before this time", Schema: event.Time(0)},
			rest.Parameter{Name: "courseId", About: "only of this course", Schema: event.ID{}},
			rest.Parameter{Name: "lessonId", About: "only of this lesson", Schema: event.ID{}},
			rest.Parameter{Name: "before", About: "the next of the page before", Schema: event.ID{}},
			rest.PageParameter()),
		rest.Get(inSession, "getSession", "One class.", Session{}, a.getSession),
		{Method: http.MethodPatch, Path: inSession, ID: "rescheduleSession", About: "Change the plan of a class that no edge has adopted; what is absent stays. Each change is a revision.", Request: changeBody{}, Answer: Session{}, Handle: a.reschedule},
		{Method: http.MethodDelete, Path: inSession, ID: "cancelSession", About: "Withdraw the plan of a class that no edge has adopted.", Request: withdrawBody{}, Answer: Session{}, Handle: a.withdraw},
		rest.Get(inSession+"/state", "getState", "What one may know of the class at a moment, folded from its log.", StateAnswer{}, a.getState,
			rest.Parameter{Name: "at", About: "a sequence number, or a time: the state right after the last event by then; the latest if not given", Schema: "", Limit: "moment"}),
		rest.Get(inSession+"/events", "getEvents", "What happened after a position, as one may see it.", EventsAnswer{}, a.getEvents,
			rest.Parameter{Name: "after", About: "epoch and upTo of the answer before, as a position like 1.42; without it from the beginning", Schema: event.Position{}}),
		{Method: get, Path: inSession + "/log", ID: "exportLog", About: "The log with its proof, a .tar.gz that `classctl verify` checks. For administrators.", Gives: "A .tar.gz archive.", Handle: a.exportLog},
	}
}

func (a *API) fleetRoutes() []rest.Route {
	return []rest.Route{rest.Get("/edges", "listEdges", "The boxes that serve the school, how far each has sent its log, and how far that is behind. For administrators.", EdgeList{}, a.listEdges)}
}

// live are the calls that belong to the edge of a live class: method and path below the class.
var live = [][2]string{
	{post, "/start"}, {post, "/end"}, {post, "/undo-end"}, {post, "/halt"}, {post, "/resume"}, {post, "/archive"}, {post, "/join"}, {post, "/leave"},
	{get, "/live"}, {get, "/frames"}, {get, "/participants"}, {post, "/settings"},
}

// coming are calls of the hub that are not built: method, path and what it will be.
var coming = [][3]string{
	{get, inSession + "/transcript", "What was said"}, {get, inSession + "/chapters", "Chapters"}, {get, inSession + "/highlights", "Highlights"},
	{post, inSession + "/publish", "Publish a replay"}, {get, "/replays", "Replays"}, {post, "/artifacts/process", "Make artifacts of a class"},
	{get, "/destinations", "Where classes are streamed to"}, {post, "/destinations", "Add a destination"}, {get, "/webhooks", "Webhooks"}, {post, "/webhooks", "Add a webhook"},
}

// laterRoutes refuse what is not built.
func (a *API) laterRoutes() []rest.Route {
	var out []rest.Route
	add := func(method, path, id, about string) {
		out = append(out, rest.Route{Method: method, Path: path, ID: id, About: about + " Not built yet.", Raw: method != get, Status: fault.Lookup(fault.NotBuilt).Status,
			Gives: "Not built yet.", Handle: notBuilt})
	}
	for _, l := range live {
		add(l[0], inSession+l[1], "relay"+camel(l[1]), "Belongs to the class's edge, which the hub will relay it to.")
	}
	add(post, "/join", "relayJoinByCode", "Join by code, at the class's edge.")
	for _, l := range coming {
		add(l[0], l[1], strings.ToLower(l[0])+camel(strings.TrimPrefix(l[1], inSession)), l[2]+".")
	}
	out = append(out, rest.Route{Method: get, Path: "/auth/oidc", ID: "oidc", About: "Sign in at the school's own provider. Not built yet.", Open: true,
		Status: fault.Lookup(fault.NotBuilt).Status, Gives: "Not built yet.", Handle: notBuilt})
	return out
}

// camel makes a name of a path: /undo-end is UndoEnd.
func camel(path string) string {
	var out []byte
	up := true
	for _, c := range []byte(path) {
		switch {
		case c == '/' || c == '-':
			up = true
		case up:
			out, up = append(out, c-'a'+'A'), false
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func notBuilt(*rest.Call) (any, error) {
	return nil, fault.New(fault.NotBuilt, "The hub can't do this yet. Nothing was changed; what belongs to a live class is done at the box that holds it.")
}
