package event

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestFrameIsWhatEncodingJSONWouldWrite(t *testing.T) {
	var copies []Copy
	var encoded [][]byte
	for i, typ := range types {
		c := Copy{Type: typ.Name, Version: 1, Epoch: 2, Sequence: int64(10 + 2*i), ActorID: sampleTeacher, CreatedAt: sampleTime, Payload: samples[typ.Name]}
		b, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		copies, encoded = append(copies, c), append(encoded, b)
	}
	joined := AppendFrame([]byte("before"), 2, 9, 500, encoded...)
	if len(joined) > FrameSize(encoded...)+6 {
		t.Errorf("%d bytes, FrameSize says %d", len(joined), FrameSize(encoded...))
	}
	raw := make([]json.RawMessage, len(encoded))
	for i := range encoded {
		raw[i] = encoded[i]
	}
	want, err := marshal(Frame{Epoch: 2, From: 9, UpTo: 500, Events: raw})
	if err != nil || string(joined) != "before"+string(want) {
		t.Fatalf("%s\nwant %s (%v)", joined, want, err)
	}
	frame, back, err := DecodeFrame(joined[6:])
	if err != nil || frame.UpTo != 500 || !reflect.DeepEqual(back, copies) {
		t.Errorf("came back as %+v (%v)", back, err)
	}
}

func TestFrameRefusesWhatIsOutOfPlace(t *testing.T) {
	one := func(epoch, sequence, version string) string {
		return `{"type":"hand.raised","version":` + version + `,"epoch":` + epoch + `,"sequence":` + sequence + `,"createdAt":"2026-11-23T08:15:00Z","payload":{"up":1}}`
	}
	frame := func(epoch, from, upTo string, events ...string) string {
		return `{"epoch":` + epoch + `,"from":` + from + `,"upTo":` + upTo + `,"events":[` + strings.Join(events, ",") + `]}`
	}
	for _, good := range []string{
		frame("1", "0", "0"), frame("1", "3", "9"), frame("1", "3", "9", one("1", "4", "1"), one("1", "9", "1")),
		frame("2", "3", "9", one("1", "4", "1"), one("2", "5", "1")), frame("1", "3", "9", strings.Replace(one("1", "4", "7"), "up", "later", 1)),
	} {
		if _, _, err := DecodeFrame([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "null", "[]", "{}", frame("0", "3", "9"), frame("1", "-1", "9"), frame("1", "4", "3"), frame("1", "3", "9", one("1", "3", "1")),
		frame("1", "3", "9", one("1", "10", "1")), frame("1", "3", "9", one("1", "5", "1"), one("1", "5", "1")), frame("1", "3", "9", one("1", "5", "1"), one("1", "4", "1")),
		frame("1", "3", "9", one("2", "5", "1")), frame("2", "3", "9", one("2", "4", "1"), one("1", "5", "1")), frame("1", "3", "9", one("0", "5", "1")),
		frame("1", "3", "9", one("1", "5", "0")), frame("1", "3", "9", "null"), frame("1", "3", "4", "{}", "{}"), frame("1", "3", "9", strings.Replace(one("1", "5", "1"), `{"up":1}`, "[]", 1)),
		frame("1", "3", "9", strings.Replace(one("1", "5", "1"), `,"payload":{"up":1}`, "", 1)),
	} {
		if _, _, err := DecodeFrame([]byte(bad)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, _, err := DecodeFrame(make([]byte, MaxFrame+1)); !errors.Is(err, ErrFrame) {
		t.Error(err)
	}
}
