package gateway

import (
	"reflect"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/rest"
	"multistream/shared/session"
)

//go:generate go run ./generate

// theDocument is said in the documents of what is not described there.
const theDocument = "The document."

// documented is the table of routes for the documents: nothing is served by it.
func documented() []rest.Route { return new(Gateway).routes() }

// OpenAPI gives the OpenAPI 3.1 document of the API.
func OpenAPI() []byte {
	schemas := frameSchemas()
	schemas["View"] = rest.Opened(viewSchema())
	d := rest.Document{
		Title:  "Multistream edge",
		About:  "Every error has the shape Error; its code is stable. POST, PATCH and DELETE need an idempotency key, but for /auth: the same key again gives the first answer.",
		Routes: documented(), Cookies: cookies, Types: answerTypes(rest.Reference("View")), Schemas: schemas,
	}
	return d.OpenAPI()
}

// answerTypes are the schemas of what answers hold that was encoded already. The view of a class is large: it is given in
// full or as a reference.
func answerTypes(view *jsonschema.Schema) rest.Types {
	return rest.Types{reflect.TypeFor[Frame](): rest.Reference("Frame"), reflect.TypeFor[View](): view}
}

// viewSchema gives the schema of a person's view of a class.
func viewSchema() *jsonschema.Schema { return rest.AnswerSchema(session.State{}, nil) }

// checks are the closed schemas of all answers, resolved once.
var checks = sync.OnceValue(func() *rest.Checks {
	closedSocket := func() *jsonschema.Schema {
		s := socketSchema(func(s *jsonschema.Schema) *jsonschema.Schema { return s })
		s.OneOf = nil
		return s
	}
	server, frames := closedSocket(), closedSocket()
	server.Ref = "#/$defs/" + serverMessage
	polled := closed(map[string]*jsonschema.Schema{"frames": {Type: "array", Items: local(serverMessage), MinItems: jsonschema.Ptr(1)}}, "frames")
	polled.Schema, polled.Defs = frames.Schema, frames.Defs
	return rest.NewChecks(documented(), answerTypes(viewSchema()), map[string]*jsonschema.Schema{serverMessage: server, rest.AnswerName(Frames{}): polled})
})

// CheckResponse holds a real answer to the document: whether the route is in it, and status and body are as it says.
// Unlike the published schemas, it refuses fields that are not in them. path is that of the request, without a query.
func CheckResponse(method, path string, status int, body []byte) error {
	return checks().Response(method, path, status, body)
}

// CheckFrame holds a message of a socket to the schema.
func CheckFrame(message []byte) error { return checks().Body(serverMessage, message) }

// Reference gives the page that lists every address, error and limit, as Markdown.
func Reference() []byte {
	p := rest.Page{
		Program: "edge/gateway", Routes: documented(),
		Intro: `# Reference of the edge's API

Made of the table of routes, the table of errors and the table of limits. Shapes of bodies and answers: ` + "`/api/openapi.json`" + `; of the
socket's messages: ` + "`/api/socket.schema.json`" + `. How to use them: [api.md](api.md).
`,
		Groups: [][2]string{
			{"/auth", "Signing in"}, {"/me", "Signing in"}, {"/box", "The box"}, {inSession + "/", "In a class"}, {"/join", "Classes"}, {"/sessions", "Classes"},
			{"/openapi", "Documents"}, {"/socket", "Documents"}, {"", "People and courses"},
		},
		Order: []string{"The box", "Signing in", "People and courses", "Classes", "In a class", "Documents"},
	}
	return p.Markdown()
}
