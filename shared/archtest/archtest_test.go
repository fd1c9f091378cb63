package archtest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"multistream/shared/archtest"
)

// source is a Go file of the package that its folder is named for, with a comment and the imports.
func source(path string, imports ...string) string {
	names := strings.Split("root/"+path, "/")
	name := names[len(names)-2]
	if names[1] == "cmd" {
		name = "main"
	}
	text := "// Package " + name + " is here.\npackage " + name + "\n"
	for _, i := range imports {
		text += `import _ "` + i + "\"\n"
	}
	return text
}

// check runs the rules over a tree of one file.
func check(t *testing.T, path, text string) []string {
	t.Helper()
	broken, err := archtest.Check(fstest.MapFS{path: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return broken
}

func TestArrows(t *testing.T) {
	for _, c := range []struct{ file, imports, broken string }{
		{"edge/gateway/http.go", "multistream/edge/sqlite", "parts never import parts"},
		{"edge/gateway/http_test.go", "multistream/edge/sqlite", "parts never import parts"},
		{"edge/gateway/http.go", "multistream/edge", "parts never import parts"},
		{"edge/gateway/http.go", "multistream/migrations", "parts never import parts"},
		{"edge/gateway/http.go", "multistream/sync/wire", "parts never import parts"},
		{"edge/gateway/http.go", "multistream/shared/session", ""},
		{"edge/gateway/http.go", "github.com/go-chi/chi/v5", ""},
		{"edge/gateway/http.go", "multistream/edge/gateway/openapi", ""},
		{"edge/gateway/openapi/gen.go", "multistream/edge/gateway", ""},
		{"edge/gatewayish/http.go", "multistream/edge/gateway", "parts never import parts"},
		{"edge/sqlite/log.go", "multistream/migrations", ""},
		{"edge/sqlite/log.go", "modernc.org/sqlite", ""},
		{"edge/sqlite/log.go", "modernc.org/sqlite/vfs", ""},
		{"edge/sqlite/log.go", "multistream/hub", "parts never import parts"},
		{"shared/identity/user.go", "modernc.org/sqlite", "only edge/sqlite speaks to it"},
		{"shared/identity/user.go", "modernc.org/sqlite/lib", "only edge/sqlite speaks to it"},
		{"shared/identity/user.go", "modernc.org/sqlitely", ""},
		{"edge/edge.go", "modernc.org/sqlite", "only edge/sqlite speaks to it"},
		{"edge/edge.go", "multistream/edge/sqlite", ""},
		{"edge/edge.go", "multistream/sync/push", ""},
		{"edge/edge.go", "multistream/hub", "never knows the hub"},
		{"edge/edge.go", "multistream/hub/api", "never knows the hub"},
		{"edge/edge.go", "multistream/cmd/edge", "never knows the hub"},
		{"edge/orchestrator/live.go", "multistream/shared/run", ""},
		{"edge/orchestrator/live.go", "time", ""},
		{"edge/orchestrator/live.go", "github.com/google/uuid", "the orchestrator imports only shared"},
		{"edge/orchestrator/live.go", "multistream/sync/push", "the orchestrator imports only shared"},
		{"edge/orchestrator/live_test.go", "github.com/rogpeppe/go-internal/txtar", ""},
		{"edge/orchestrator/live_test.go", "multistream/edge/sqlite", "the orchestrator imports only shared"},
		{"edge/faulttest/kill_test.go", "multistream/edge", ""},
		{"edge/faulttest/kill_test.go", "modernc.org/sqlite", ""},
		{"edge/faulttest/kill_test.go", "multistream/edge/sqlite", "only packages edge and hub import their parts"},
		{"hub/hub.go", "multistream/edge", "never knows the edge"},
		{"hub/hub.go", "multistream/hub/api", ""},
		{"hub/api/api.go", "multistream/hub/postgres", "parts never import parts"},
		{"hub/api/api.go", "github.com/jackc/pgx/v5", "only hub/postgres speaks to it"},
		{"hub/postgres/log.go", "multistream/migrations", ""},
		{"hub/postgres/ingest.go", "multistream/sync/ingest", ""},
		{"hub/postgres/ingest_test.go", "multistream/sync/ingest/ingesttest", ""},
		{"hub/postgres/ingest.go", "multistream/sync/push", "parts never import parts"},
		{"sync/push/push.go", "multistream/sync/wire", ""},
		{"sync/push/push.go", "multistream/edge", "sync imports neither edge nor hub"},
		{"sync/ingest/in.go", "multistream/hub/postgres", "sync imports neither edge nor hub"},
		{"sync/wire/hello.go", "multistream/sync/push", "knows no side"},
		{"sync/linktest/link_test.go", "multistream/edge", ""},
		{"sync/linktest/link_test.go", "multistream/hub/bus", ""},
		{"sync/linktest/link_test.go", "multistream/edge/orchestrator", "tests of the link alone"},
		{"edge/uplink/server.go", "github.com/nats-io/nats.go", ""},
		{"edge/gateway/http.go", "github.com/nats-io/nats.go", "only edge/bus speaks to it"},
		{"shared/session/session.go", "multistream/shared/event", ""},
		{"shared/session/session.go", "multistream/shared/limits", ""},
		{"shared/session/session.go", "multistream/shared/access", "the rules are pure"},
		{"shared/session/session.go", "multistream/shared/session/inner", "the rules are pure"},
		{"shared/session/session.go", "strings", ""},
		{"shared/session/session.go", "time", "the rules are pure"},
		{"shared/session/session.go", "os", "the rules are pure"},
		{"shared/session/session.go", "net", "the rules are pure"},
		{"shared/session/session.go", "net/http", "the rules are pure"},
		{"shared/session/session.go", "math/rand", "the rules are pure"},
		{"shared/session/session.go", "math/rand/v2", "the rules are pure"},
		{"shared/session/session.go", "database/sql", "the rules are pure"},
		{"shared/session/session.go", "github.com/google/uuid", "the rules are pure"},
		{"shared/session/session_test.go", "os", ""},
		{"shared/session/session_test.go", "multistream/shared/eventlog", ""},
		{"shared/session/session_test.go", "multistream/edge/sqlite", "the rules are pure"},
		{"shared/eventlog/log.go", "multistream/shared/event", ""},
		{"shared/eventlog/log.go", "multistream/edge/sqlite", "knows neither"},
		{"shared/eventlog/log.go", "multistream/migrations", "knows neither"},
		{"migrations/migrations.go", "embed", ""},
		{"migrations/migrations.go", "multistream/shared/event", "embedded files and nothing else"},
		{"cmd/edge/main.go", "multistream/edge", ""},
		{"cmd/edge/main.go", "multistream/edge/sqlite", "only packages edge and hub import their parts"},
		{"bench/main.go", "multistream/edge", ""},
		{"bench/main.go", "modernc.org/sqlite", ""},
		{"bench/main.go", "multistream/edge/sqlite", "only packages edge and hub import their parts"},
		{"tools/gen/gen.go", "multistream/edge", "tools serve the repository"},
		{"shared/session/session_test.go", "multistream/shared/session", ""},
		{"edge/edge_test.go", "multistream/edge", ""},
		{"sharedish/x/x.go", "fmt", "a folder that no arrow knows"},
		{"plugins/x/x.go", "fmt", "a folder that no arrow knows"},
		{"x.go", "fmt", "a folder that no arrow knows"},
	} {
		broken := check(t, c.file, source(c.file, c.imports))
		switch got := strings.Join(broken, "\n"); {
		case c.broken == "" && got != "":
			t.Errorf("%s importing %s: want nothing, got %s", c.file, c.imports, got)
		case c.broken != "" && (len(broken) != 1 || !strings.HasPrefix(got, c.file) || !strings.Contains(got, c.broken)):
			t.Errorf("%s importing %s: want one sentence with %q, got %q", c.file, c.imports, c.broken, broken)
		}
	}
}

func TestSentence(t *testing.T) {
	got := check(t, "edge/sqlite/log.go", source("edge/sqlite/log.go", "multistream/hub"))
	want := "edge/sqlite/log.go imports multistream/hub: parts never import parts; " +
		"what needs two of them is wired, and tested, in the package above"
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q", got)
	}
}
