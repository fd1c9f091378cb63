package archtest

import "strings"

// An arrow says what one part of the tree may import from the rest of it.
type arrow struct {
	from    string   // the first arrow that matches a folder is its rule
	to      []string // folders of this module; a part may always import what lies within itself
	std     []string // if set, all that it may import of the standard library (tests are free)
	outside bool     // whether it may import other modules (tests are free)
	why     string
}

// arrows is deny by default: a folder without a row is an error, so a new top-level folder starts with a decision.
var arrows = []arrow{
	{from: "shared/session", to: []string{"shared/event", "shared/fault", "shared/limits"}, std: pureStd,
		why: "the rules are pure: no clock, no I/O, no chance, and nothing but the facts"},
	{from: "shared/...", to: []string{"shared/..."}, outside: true,
		why: "shared is what edge and hub agree on and knows neither"},
	{from: "sync/wire/...", to: []string{"shared/..."}, outside: true,
		why: "the wire is a language; it knows no side of it"},
	{from: "sync/linktest/...", to: []string{"edge", "edge/sqlite", "hub/bus", "sync/...", "shared/..."}, outside: true,
		why: "tests of the link alone: the one place where both of its ends meet"},
	{from: "sync/...", to: []string{"sync/...", "shared/..."}, outside: true,
		why: "sync imports neither edge nor hub"},
	{from: "migrations", why: "migrations are embedded files and nothing else"},

	{from: "edge", to: []string{"edge/...", "sync/...", "shared/...", "migrations"}, outside: true,
		why: "package edge wires the box and never knows the hub"},
	{from: "edge/faulttest/...", to: mainsMay, outside: true, why: mainsWhy},
	{from: "edge/orchestrator/...", to: []string{"shared/..."},
		why: "the orchestrator imports only shared, so there is no call that could break a class"},
	{from: "edge/sqlite/...", to: []string{"shared/...", "migrations"}, outside: true, why: partsWhy},
	{from: "edge/...", to: []string{"shared/..."}, outside: true, why: partsWhy},

	{from: "hub", to: []string{"hub/...", "sync/...", "shared/...", "migrations"}, outside: true,
		why: "package hub wires the hub and never knows the edge"},
	{from: "hub/postgres/...", to: []string{"shared/...", "migrations", "sync/wire", "sync/ingest/...", "sync/feed/...", "hub/projector"}, outside: true,
		why: "parts never import parts; the store knows what ingest, the feed and the projector want of it, and runs their suites"},
	{from: "hub/...", to: []string{"shared/..."}, outside: true, why: partsWhy},

	{from: "cmd/classload/...", outside: true,
		why: "the load generator knows the product by its documents alone: shared code would share its mistakes"},
	{from: "cmd/dev", to: []string{"hub/postgres/server"}, outside: true, why: "it runs programs, and a PostgreSQL for them; it knows none of their insides"},
	{from: "cmd/...", to: mainsMay, outside: true, why: mainsWhy},
	{from: "bench/...", to: mainsMay, outside: true, why: mainsWhy},
	{from: "tools/...", to: []string{"shared/..."}, outside: true, why: "tools serve the repository, not the product"},
}

var mainsMay = []string{"edge", "hub", "shared/..."}

const (
	mainsWhy = "only packages edge and hub import their parts; everything else goes through them"
	partsWhy = "parts never import parts; what needs two of them is wired, and tested, in the package above"
)

// pureStd is what the rules may use of the standard library: nothing that reads a clock, the outside or chance.
var pureStd = []string{
	"bytes", "cmp", "crypto/sha256", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json", "errors", "fmt",
	"hash/fnv", "iter", "maps", "math", "math/bits", "slices", "sort", "strconv", "strings", "unicode", "unicode/utf8",
}

// part is the unit that may always import itself: edge/gateway with all below it, cmd/classctl, bench.
func part(dir string) string {
	names := strings.SplitN(dir, "/", 3)
	if names[0] == "bench" || len(names) == 1 {
		return names[0]
	}
	return names[0] + "/" + names[1]
}

func checkImports(f file) []string {
	rule, ok := arrowFor(f.dir)
	if !ok {
		return []string{sentence(f, "add a row to shared/archtest with its reason", "lies in a folder that no arrow knows")}
	}
	var broken []string
	for _, imported := range f.imports {
		if !rule.allows(f, imported) {
			broken = append(broken, sentence(f, rule.why, "imports %s", imported))
		}
	}
	return broken
}

func arrowFor(dir string) (arrow, bool) {
	for _, a := range arrows {
		if under(dir, a.from) {
			return a, true
		}
	}
	return arrow{}, false
}

// allows tells whether file f may import a package under this rule.
func (a arrow) allows(f file, imported string) bool {
	pure := a.std != nil
	dir, ours := strings.CutPrefix(imported, Module+"/")
	switch {
	case ours:
		itself := part(dir) == part(f.dir) && !pure
		suite := f.test && under(f.dir, "shared/...") && under(dir, "shared/...")
		return itself || suite || underAny(dir, a.to)
	case f.test:
		return true
	case isStd(imported):
		return !pure || underAny(imported, a.std)
	default:
		return a.outside
	}
}

// isStd tells packages of the standard library by their first name having no dot, as the go command does.
func isStd(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
