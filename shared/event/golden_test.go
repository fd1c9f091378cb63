package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

var update = flag.Bool("update", false, "write golden files that are missing; existing ones are never changed")

// golden is a file of testdata/golden: one event, its bytes, and what it opens to.
type golden struct {
	Event   EventLine       `json:"event"`
	Header  string          `json:"header"`  // hex
	Payload string          `json:"payload"` // the bytes of eventPayload as text
	Opened  json.RawMessage `json:"opened"`  // the payload with its personal fields opened
}

// counter is a nonce source: 0, 1, 2 …
type counter byte

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(*c)
		*c++
	}
	return len(b), nil
}

// goldenEvent makes the event of a sample: the same bytes each time, whatever other types there are.
func goldenEvent(t Type) (golden, error) {
	return goldenOf(t, variant{t.Name, "", sampleTeacher, samples[t.Name]})
}

func goldenOf(t Type, v variant) (golden, error) {
	number := 2 + int(SystemDigest([]byte(t.Name + v.name))[0])
	if t.Name == TypeSessionScheduled {
		number = 1
	}
	e := Event{
		ID: DeriveID(sampleSession, v.actor, t.Name, number), TenantID: sampleTenant, SessionID: sampleSession, Epoch: 1, Sequence: int64(number), Type: t.Name, SchemaVersion: int64(t.Version),
		ActorID: v.actor, EdgeID: sampleEdge, CreatedAt: sampleTime, IdempotencyKey: fmt.Sprintf("%s-%d#1", t.Causes[0], number),
		CommandDigest: SystemDigest([]byte(t.Causes[0])), Salt: [16]byte(SystemDigest([]byte(t.Name))), PrevHash: Hash(SystemDigest([]byte("before " + t.Name))),
	}
	if t.Name == TypeSessionTransferred {
		e.Epoch, e.ActorID = 2, ID{}
	}
	if t.Name == TypeSessionScheduled {
		e.PrevHash = Genesis(e.TenantID, e.SessionID)
	}
	nonces := counter(0)
	sealed, err := sealing{ctx: e.Context(), keys: newTestRing(), random: &nonces}.run(v.sample, true)
	if err != nil {
		return golden{}, err
	}
	if e.Payload, err = Encode(sealed); err != nil {
		return golden{}, err
	}
	e.Hash = e.ComputeHash()
	opened, err := marshal(v.sample)
	return golden{LineOf(&e), hex.EncodeToString(e.Header()), string(e.Payload), opened}, err
}

func goldenPath(t Type) string {
	return filepath.Join("testdata", "golden", fmt.Sprintf("%s.v%d.json", t.Name, t.Version))
}

// A golden file that this fails for has become unreadable bytes in somebody's log. Do not change the file: give the type a
// new version.
func TestGoldenFilesNeverChange(t *testing.T) {
	all := variants
	for _, typ := range types {
		all = append(all, variant{typ.Name, "", sampleTeacher, samples[typ.Name]})
	}
	for _, v := range all {
		typ, _ := TypeOf(v.typ)
		made, err := goldenOf(*typ, v)
		if err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		path := goldenPath(*typ)
		if v.name != "" {
			path = filepath.Join("testdata", "golden", fmt.Sprintf("%s.v%d.%s.json", typ.Name, typ.Version, v.name))
		}
		want, err := json.MarshalIndent(made, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		got, err := os.ReadFile(path)
		if os.IsNotExist(err) && *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the code makes other bytes than the golden file (%v)\n%s", typ.Name, err, want)
		}
	}
}

func TestGoldenFilesAreReadForEver(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(paths) < len(types)+len(variants) {
		t.Fatal(err, len(paths))
	}
	ring := sampleRing()
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(b, &g); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		e, err := g.Event.Event()
		if err != nil || e.ComputeHash() != e.Hash || hex.EncodeToString(e.Header()) != g.Header || string(e.Payload) != g.Payload || e.checkEnvelope() != nil {
			t.Errorf("%s: %v, %v", path, err, e.checkEnvelope())
		}
		o, err := OpenEvent(&e, ring)
		if err != nil || o.Payload == nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		opened := reflect.New(reflect.TypeOf(o.Payload).Elem()).Interface()
		if err := json.Unmarshal(g.Opened, opened); err != nil || !reflect.DeepEqual(o.Payload, opened) {
			t.Errorf("%s opens to %+v, want %+v (%v)", path, o.Payload, opened, err)
		}
	}
}

// sampleRing has the keys that the samples are sealed under.
func sampleRing() *testRing {
	ring := newTestRing()
	for n := range byte(10) {
		if _, err := ring.Current(ID{}, sampleID(n)); err != nil {
			panic(err)
		}
	}
	return ring
}

func TestEveryTypeIsComplete(t *testing.T) {
	names, err := os.ReadFile("names.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`= "([a-z.]+)"`).FindAllSubmatch(names, -1)
	if len(constants) != len(types) || len(byName) != len(types) || len(samples) != len(types) {
		t.Errorf("%d names, %d types, %d different ones, %d samples", len(constants), len(types), len(byName), len(samples))
	}
	for _, c := range constants {
		if _, ok := TypeOf(string(c[1])); !ok {
			t.Errorf("%s is a name without a type", c[1])
		}
	}
	for _, typ := range types {
		if !isTypeName(typ.Name) || typ.Version < 1 || typ.Owner == "" || typ.Audience == "" || len(typ.Causes) == 0 {
			t.Errorf("%+v is not complete", typ)
		}
		if reflect.TypeOf(samples[typ.Name]) != reflect.TypeOf(typ.New()) {
			t.Errorf("%s: the sample is a %T", typ.Name, samples[typ.Name])
		}
	}
}

func TestGoldenFilesFitTheirSchemas(t *testing.T) {
	for _, typ := range types {
		b, err := os.ReadFile(filepath.Join("schema", fmt.Sprintf("%s.v%d.json", typ.Name, typ.Version)))
		if err != nil {
			t.Fatal(err)
		}
		var s jsonschema.Schema
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		for _, word := range []string{"x-owner", "x-audience", "x-causes", "x-after-end"} {
			if s.Extra[word] == nil || s.Extra[word] == "" {
				t.Errorf("%s: schema has no %s", typ.Name, word)
			}
		}
		schema, err := s.Resolve(nil)
		if err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		b, err = os.ReadFile(goldenPath(typ))
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(b, &g); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{g.Payload, string(g.Opened)} {
			var payload map[string]any
			if err := json.Unmarshal([]byte(text), &payload); err != nil {
				t.Fatal(err)
			}
			payload["later"] = "a field of a newer peer"
			if err := schema.Validate(payload); err != nil {
				t.Errorf("%s: %v", typ.Name, err)
			}
			for _, name := range s.Required {
				delete(payload, name)
				if schema.Validate(payload) == nil {
					t.Errorf("%s: schema does not miss %s", typ.Name, name)
				}
				break
			}
		}
	}
}
