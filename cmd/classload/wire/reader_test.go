package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

func serverFrame(head byte, payload string) []byte {
	b := []byte{head}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func TestReader(t *testing.T) {
	long := string(bytes.Repeat([]byte("y"), 70_000))
	var stream []byte
	for _, f := range [][]byte{
		serverFrame(0x81, "one"), serverFrame(0x81, ""), serverFrame(0x01, "in "), serverFrame(0x89, "ping"), serverFrame(0x00, "three "),
		serverFrame(0x80, "parts"), serverFrame(0x82, string(bytes.Repeat([]byte("x"), 300))), serverFrame(0x81, long), serverFrame(0x88, "\x03\xe8bye"),
	} {
		stream = append(stream, f...)
	}
	want := []string{"1 one", "1 ", "9 ping", "1 in three parts", "2 " + string(bytes.Repeat([]byte("x"), 300)), "1 " + long, "8 \x03\xe8bye"}
	for _, step := range []int{1, 2, 3, 7, 125, 4096, len(stream)} {
		var r Reader
		var got []string
		for b := stream; len(b) > 0; {
			n := min(step, len(b))
			if err := r.Feed(b[:n], func(kind byte, payload []byte) { got = append(got, fmt.Sprintf("%d %s", kind, payload)) }); err != nil {
				t.Fatal(err)
			}
			b = b[n:]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("step %d: %.200q", step, got)
		}
		if r.rest != nil || r.whole != nil {
			t.Errorf("step %d: holds something at the end", step)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"masked":                 {0x81, 0x83, 1, 2, 3, 4, 0, 0, 0},
		"compressed":             {0xC1, 0x01, 'x'},
		"huge":                   {0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0},
		"continuation first":     serverFrame(0x80, "x"),
		"new message within one": append(serverFrame(0x01, "x"), serverFrame(0x81, "y")...),
		"control frame in parts": serverFrame(0x09, "x"),
	} {
		if err := new(Reader).Feed(b, func(byte, []byte) {}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(append(serverFrame(0x01, "in "), serverFrame(0x80, "parts")...), uint8(3))
	f.Add(serverFrame(0x88, "\x03\xe8"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, at uint8) {
		read := func(parts ...[]byte) (out []string, failed bool) {
			var r Reader
			for _, p := range parts {
				if r.Feed(p, func(kind byte, payload []byte) { out = append(out, fmt.Sprint(kind, payload)) }) != nil {
					return out, true
				}
			}
			return out, false
		}
		n := min(int(at), len(b))
		whole, failed := read(b)
		parts, failedToo := read(b[:n], b[n:])
		if failed != failedToo || fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Errorf("whole: %v %v, in parts: %v %v", whole, failed, parts, failedToo)
		}
	})
}
