package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// The frame with which the server of these tests makes its mistake: after the warm-up, before the end.
const wrongFrame = 8

// TestDetectors gives the load to a server that makes one mistake towards one of four students. A load generator that does
// not notice is worth nothing.
func TestDetectors(t *testing.T) {
	var held []byte
	for name, c := range map[string]struct {
		mischief func(n int, frame []byte) [][]byte
		found    func(l fanoutLine) bool
	}{
		"dropped": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				return nil
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 1 && l.Gaps == 1 && l.Doubled == 0 }},
		"doubled": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				return [][]byte{f, f}
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 0 && l.Gaps == 0 && l.Doubled == 2 }},
		"swapped": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				held = f
				return nil
			}
			if n == wrongFrame+1 {
				return [][]byte{f, held}
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 0 && l.OutOfOrder == 1 && l.Gaps == 1 }},
		"changed": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				return [][]byte{bytes.Replace(f, []byte("~load00"), []byte("~load77"), 1)}
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 1 && l.Unknown == 1 }},
		"skipped a position": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				return [][]byte{bytes.Replace(f, []byte(`"from":7,`), []byte(`"from":6,`), 1)}
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 0 && l.Doubled == 1 }},
		"outside its frame": {func(n int, f []byte) [][]byte {
			if n == wrongFrame {
				return [][]byte{bytes.Replace(f, []byte(`"sequence":8,`), []byte(`"sequence":9,`), 1)}
			}
			return [][]byte{f}
		}, func(l fanoutLine) bool { return l.Lost == 0 && l.OutOfOrder == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, line := runFake(t, c.mischief)
			if code != bad || !c.found(line) {
				t.Errorf("code %d, not found: %+v", code, line)
			}
		})
	}
}

func TestRightIsFine(t *testing.T) {
	t.Parallel()
	code, line := runFake(t, func(_ int, f []byte) [][]byte { return [][]byte{f} })
	if code != good || line.Deliveries != line.Events*4 || line.Events < 20 || line.SentToEach.P50 <= 0 || line.EventBytes < 300 {
		t.Errorf("code %d: %+v", code, line)
	}
}

func runFake(t *testing.T, mischief func(int, []byte) [][]byte) (int, fanoutLine) {
	t.Helper()
	address, accounts := newFakeEdge(t, mischief)
	var out, errs strings.Builder
	code := classload(t.Context(), []string{"fanout", "--address", address, "--accounts", accounts, "--students", "4", "--senders", "1",
		"--rate", "40", "--seconds", "1", "--warm", "0", "--patience", "2"}, &out, &errs)
	var line fanoutLine
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil {
		t.Fatalf("code %d, %q, %s: %v", code, out.String(), errs.String(), err)
	}
	return code, line
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"fanout --address 192.0.2.1:8080", "not on this machine"},
		{"fanout --address example.org:80", "not on this machine"},
		{"fanout --students 0", "--students 0: want 1 to"},
		{"fanout --rate 100000", "--rate 100000"},
		{"fanout --protocol smoke", "want multistream, centrifuge or plain"},
		{"school --protocol plain", "not defined: -protocol"}, // only fanout speaks others
		{"fanout --accounts /nowhere", "accounts"},
		{"fanout --edge x --accounts /nowhere", "accounts"},
		{"party", "no load"},
	} {
		var errs strings.Builder
		if code := classload(t.Context(), strings.Fields(c.args), io.Discard, &errs); code != wrong || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: code %d, %q", c.args, code, errs.String())
		}
	}
}
