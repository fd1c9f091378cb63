package disk

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"multistream/edge/faulttest/systrace"
)

const testPage = 512

func walHead() string {
	b := make([]byte, walHeader)
	binary.BigEndian.PutUint32(b[8:], testPage)
	return string(b)
}

func (s *script) frame(n int64) *script {
	at := walHeader + n*(frameHeader+testPage)
	s.write("a.db-wal", at, string(make([]byte, frameHeader)))
	s.write("a.db-wal", at+frameHeader, string(make([]byte, testPage)))
	return s.add(systrace.Op{Kind: systrace.Mark, Path: "acks", Data: fmt.Appendf(nil, "%d\n", n)})
}

func TestCuts(t *testing.T) {
	s := new(script).open("a.db").open("a.db-wal").write("a.db-wal", 0, walHead()).frame(0).frame(1).frame(2)
	s.write("a.db", 0, "checkpoint of three frames").frame(3).frame(4)
	d := New(nil, s.ops)
	for d.Step() {
	}
	size := func(frames int64) int64 { return walHeader + frames*(frameHeader+testPage) }
	if got, want := d.Cuts("a.db-wal", nil), []int64{size(3), size(4), size(5)}; !slices.Equal(got, want) {
		t.Errorf("cuts at %v, want %v: frames that are in the database can't be cut away", got, want)
	}
	for frames, want := range map[int64]int{3: 3, 4: 4, 5: 5} {
		im, marks := d.Cut("a.db-wal", size(frames))
		if len(marks) != want || int64(len(im.Files["a.db-wal"])) != size(frames) {
			t.Errorf("%d frames: %d bytes, %d acknowledgements, want %d", frames, len(im.Files["a.db-wal"]), len(marks), want)
		}
	}
	if _, marks := d.Cut("a.db-wal", size(4)-1); len(marks) != 3 {
		t.Errorf("a cut inside of a frame: %d acknowledgements must survive, want 3", len(marks))
	}
	s.write("a.db-wal", 0, walHead()).frame(0)
	d = New(nil, s.ops)
	for d.Step() {
	}
	if got, want := d.Cuts("a.db-wal", nil), []int64{size(0), size(1)}; !slices.Equal(got, want) {
		t.Errorf("cuts of the next generation at %v, want %v", got, want)
	}
	if _, marks := d.Cut("a.db-wal", size(0)); len(marks) != 5 {
		t.Errorf("a cut of the next generation: %d acknowledgements must survive, want those of the one before, 5", len(marks))
	}
}
