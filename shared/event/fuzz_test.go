package event

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"testing/fstest"
)

// FuzzDecode gives bytes to the decoder of every type. What is decoded can be encoded again, and then decodes to the same; and
// nothing is decoded that encoding/json would refuse.
func FuzzDecode(f *testing.F) {
	for i, typ := range types {
		g, err := goldenEvent(typ)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), []byte(g.Payload))
		f.Add(byte(i), []byte(g.Opened))
	}
	for _, odd := range []string{"", "{", "null", "[]", `{"a":1.5}`, `{"userId":null}`, `{"x":"\ud83d\ude00\u00e9\n"}`, `{"x":"\ud800"}`, `{"a":{"b":[{},[],1,"",true,false,null]}}`,
		`{"userId":""}`, `{"userId":"\u0030"}`, `{"points":[99999999999999999999]}`, "{\"x\":\"\xff\"}", `{"displayName":{"erased":false}}`, `{"displayName":{"keyId":"x"}}`, `{"a":01}`, ` {} x`} {
		f.Add(byte(3), []byte(odd))
	}
	f.Fuzz(func(t *testing.T, index byte, b []byte) {
		typ := types[int(index)%len(types)]
		p, err := Decode(typ.Name, int64(typ.Version), b)
		if err != nil {
			return
		}
		if err := CheckPayload(b); err != nil {
			t.Fatalf("decoded what can't be a payload: %v", err)
		}
		std := typ.New()
		if err := json.Unmarshal(b, std); err != nil {
			t.Fatalf("decoded what encoding/json refuses: %v", err)
		}
		again, err := marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(typ.Name, int64(typ.Version), again)
		if err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("%s\n%+v came back as\n%+v (%v)", again, p, back, err)
		}
		// The writer of names and values is encoding/json: on what it writes, both readers agree.
		std = typ.New()
		if err := json.Unmarshal(again, std); err != nil || !reflect.DeepEqual(p, std) {
			t.Fatalf("%s\n%+v is to encoding/json\n%+v (%v)", again, p, std, err)
		}
		e := Event{Type: typ.Name, SchemaVersion: int64(typ.Version), Payload: b}
		if o, err := OpenEvent(&e, newTestRing()); err == nil && o.Payload == nil {
			t.Fatal("opened to nothing")
		}
	})
}

func FuzzFrame(f *testing.F) {
	one := []byte(`{"type":"hand.raised","version":1,"epoch":1,"sequence":5,"createdAt":"2026-11-23T08:15:00.123Z","payload":{"up":2}}`)
	two := []byte(`{"type":"later.type","version":3,"epoch":2,"sequence":7,"createdAt":"2026-11-23T08:15:00.123Z","payload":{"x":1}}`)
	f.Add(AppendFrame(nil, 1, 4, 6, one))
	f.Add(AppendFrame(nil, 2, 4, 9, one, two))
	f.Add(AppendFrame(nil, 1, 4, 4))
	f.Add([]byte(`{"epoch":1,"from":0,"upTo":-1,"events":null}`))
	f.Add([]byte(`{"epoch":1,"from":0,"upTo":2,"events":[null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, copies, err := DecodeFrame(b)
		if err != nil {
			return
		}
		at := frame.From
		encoded := make([][]byte, len(copies))
		for i := range copies {
			if copies[i].Sequence <= at || copies[i].Sequence > frame.UpTo {
				t.Fatalf("copy %d is out of place", i)
			}
			at, encoded[i] = copies[i].Sequence, frame.Events[i]
		}
		again := AppendFrame(nil, frame.Epoch, frame.From, frame.UpTo, encoded...)
		if len(again) > FrameSize(encoded...) {
			t.Fatalf("frame of %d bytes, size said %d", len(again), FrameSize(encoded...))
		}
		_, back, err := DecodeFrame(again)
		if err != nil || !reflect.DeepEqual(copies, back) {
			t.Fatalf("%s: %v", again, err)
		}
	})
}

func FuzzPersonal(f *testing.F) {
	for _, s := range []string{`""`, `"x"`, `null`, `{"erased":true}`, `{}`, `{"erased":false}`, `[1]`, `{"keyId":"","nonce":"","ciphertext":""}`,
		`{"keyId":"0190a7c8-5e2b-7cc0-8000-00000000000a","nonce":"oaGhoaGhoaGhoaGh","ciphertext":"h46OM7F7A/SwdcQimkHlUKkQLnsH0i82Jq/K/JDu7w=="}`,
		`{ "nonce":"oaGhoaGhoaGhoaGh","keyId":"0190a7c8-5e2b-7cc0-8000-00000000000a","ciphertext":"h46OM7F7A/SwdcQimkHlUKkQLnsH0i82Jq/K/JDu7w=="}`,
		`{"keyId":"0190a7c8-5e2b-7cc0-8000-00000000000a","nonce":"oaGhoaGhoaGhoaGh","ciphertext":"h46OM7F7A/SwdcQi\nmkHlUKkQLnsH0i82Jq/K/JDu7w=="}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Text
		if p.UnmarshalJSON(b) != nil {
			return
		}
		if p.Sealed != nil && (p.Sealed.KeyID.IsZero() || len(p.Sealed.Nonce) != nonceSize || len(p.Sealed.Ciphertext) < tagSize || p.V != "" || p.Erased) {
			t.Fatalf("%s became %+v", b, p.Sealed)
		}
		again, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Text
		if err := back.UnmarshalJSON(again); err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("%s became %s (%v)", b, again, err)
		}
	})
}

func FuzzID(f *testing.F) {
	f.Add("0190a7c8-5e2b-7cc0-8000-00000000000a")
	f.Add("0190A7C8-5e2b-7cc0-8000-00000000000a")
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil && (id.String() != s || id.IsZero()) {
			t.Fatalf("%q became %s", s, id)
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add("2026-11-23T08:15:00.1239+01:00")
	f.Add("0001-01-01T00:00:00+23:59")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		var v, back Time
		if v.UnmarshalText([]byte(s)) != nil {
			return
		}
		if err := back.UnmarshalText([]byte(v.String())); err != nil || back != v {
			t.Fatalf("%q became %d, then %d (%v)", s, v, back, err)
		}
	})
}

func FuzzBundleLines(f *testing.F) {
	files, _ := readPage(f)
	for _, name := range []string{EventsFile, HeadsFile, ReceiptsFile} {
		f.Add(files[name].Data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		var lines []EventLine
		if ReadLines(bytes.NewReader(b), func(_ int, l EventLine) error { lines = append(lines, l); return WriteLine(&out, l) }) != nil {
			return
		}
		var back []EventLine
		if err := ReadLines(&out, func(_ int, l EventLine) error { back = append(back, l); return nil }); err != nil || !reflect.DeepEqual(lines, back) {
			t.Fatalf("%+v came back as %+v (%v)", lines, back, err)
		}
	})
}

// FuzzManifest: whatever stands in the place of a manifest, a bundle is checked to an end; only one that says of the bundle what is
// so passes.
func FuzzManifest(f *testing.F) {
	files, _ := madeBundle(f)
	good, err := CheckBundle(files)
	if err != nil || good.Unreadable || len(good.Failures) > 0 {
		f.Fatal(err, good.Failures)
	}
	whole := files[ManifestFile].Data
	for _, seed := range [][]byte{whole, nil, []byte("{}"), whole[:len(whole)/2], bytes.Replace(whole, []byte(`"count":5`), []byte(`"count":6`), 1),
		bytes.Replace(whole, []byte(`"version":1`), []byte(`"version":1,"version":1`), 1), bytes.Replace(whole, []byte(EventsFile), []byte("../x"), 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, manifest []byte) {
		bundle := maps.Clone(files)
		bundle[ManifestFile] = &fstest.MapFile{Data: manifest}
		got, err := CheckBundle(bundle)
		if err != nil || got.Unreadable || len(got.Failures) > 0 {
			return
		}
		if got.Manifest.Count != good.Manifest.Count || got.Manifest.Head != good.Manifest.Head || got.Manifest.SessionID != good.Manifest.SessionID || len(got.Manifest.Files) != len(good.Manifest.Files) {
			t.Fatalf("passed: %s", manifest)
		}
	})
}

// FuzzCanonicalJSON: what has a canonical form keeps it, and means the same.
func FuzzCanonicalJSON(f *testing.F) {
	f.Add([]byte(`{"b":[1,{"a":"\u00e9\n"}],"a":null,"":-3}`))
	f.Add([]byte(`{"\u0000":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := CanonicalJSON(json.RawMessage(b))
		if err != nil {
			return
		}
		twice, err := CanonicalJSON(json.RawMessage(once))
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, then %s (%v)", b, once, twice, err)
		}
		var before, after any
		if json.Unmarshal(b, &before) != nil || json.Unmarshal(once, &after) != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%s became %s", b, once)
		}
	})
}
