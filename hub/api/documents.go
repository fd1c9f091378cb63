package api

import (
	"reflect"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/rest"
	"multistream/shared/session"
)

//go:generate go run ./generate

func (a *API) documentRoutes() []rest.Route {
	return []rest.Route{{Method: get, Path: "/openapi.json", ID: "openapi", About: "This document.", Open: true, Gives: "The document.", Handle: rest.Published(OpenAPI)}}
}

func documented() []rest.Route { return new(API).routes() }

// OpenAPI gives the OpenAPI 3.1 document of the hub's API.
func OpenAPI() []byte {
	d := rest.Document{
		Title:  "Multistream hub",
		About:  "Every error has the shape Error; its code is stable. POST, PATCH and DELETE need an idempotency key, but for /auth: the same key again gives the first answer.",
		Routes: documented(), Cookies: cookies, Types: types(rest.Reference("View")),
		Schemas: map[string]*jsonschema.Schema{"View": rest.Opened(viewSchema())},
	}
	return d.OpenAPI()
}

func types(view *jsonschema.Schema) rest.Types {
	return rest.Types{reflect.TypeFor[View](): view}
}

func viewSchema() *jsonschema.Schema { return rest.AnswerSchema(session.State{}, nil) }

var checks = sync.OnceValue(func() *rest.Checks { return rest.NewChecks(documented(), types(viewSchema()), nil) })

// CheckResponse holds a real answer to the document; path is that of the request, without a query.
func CheckResponse(method, path string, status int, body []byte) error {
	return checks().Response(method, path, status, body)
}

// Reference gives the page that lists every address of the hub, as Markdown. Errors and limits are those of every program.
func Reference() []byte {
	p := rest.Page{
		Program: "hub/api", Routes: documented(),
		Intro: `# Reference of the hub's API

Made of the table of routes, the table of errors and the table of limits. Shapes of bodies and answers: ` + "`/api/openapi.json`" + `. How to use
them: [api.md](api.md).
`,
		Groups: [][2]string{{"/auth", "Signing in"}, {"/me", "Signing in"}, {inSession, "Classes"}, {"/sessions", "Classes"}, {"/join", "Classes"}, {"/replays", "Classes"}, {"/artifacts", "Classes"},
			{"/edges", "Boxes"}, {"/destinations", "Beyond the school"}, {"/webhooks", "Beyond the school"}, {"/openapi", "Documents"}, {"", "People and courses"}},
		Order: []string{"Signing in", "People and courses", "Classes", "Boxes", "Beyond the school", "Documents"},
	}
	return p.Markdown()
}
