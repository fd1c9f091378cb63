package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Line follows the frames that one person gets of a class, as docs/events.md describes them: from is the upTo of the frame
// before, and the sequences of a frame's events lie within (from, upTo], in order.
type Line struct {
	Epoch, UpTo int64
	Begun       bool
	Gaps        int // frames that begin after the end of the one before
	Repeats     int // frames or events that tell again what was told
	Disorder    int // events out of their place within a frame
	Views       int
}

// Take follows a message if it is a frame of events or a view; it tells whether it was one.
func (l *Line) Take(message []byte) (bool, error) {
	epoch, from, upTo, rest, ok := head(message)
	if !ok {
		return false, nil
	}
	switch {
	case !l.Begun || bytes.Contains(rest[:min(len(rest), 8)], []byte(`"rewind"`)):
		l.Begun = true
	case from > l.UpTo:
		l.Gaps++
	case from < l.UpTo:
		l.Repeats++
	}
	isView := bytes.HasPrefix(rest, []byte(`"view":`)) || bytes.HasPrefix(rest, []byte(`"rewind":`))
	if isView {
		l.Views++
	} else if err := l.events(rest, from, upTo); err != nil {
		return true, err
	}
	l.Epoch, l.UpTo = epoch, max(l.UpTo, upTo)
	return true, nil
}

var sequenceName = []byte(`"sequence":`)

// events looks at the sequences of a frame. In a JSON text the name can't occur unescaped, and copies have it once before
// their payload, which starts with none of that name today; if counts don't fit, the frame is decoded properly.
func (l *Line) events(rest []byte, from, upTo int64) error {
	at := from
	for b := rest; ; {
		i := bytes.Index(b, sequenceName)
		if i < 0 {
			break
		}
		n, after, ok := number(b[i+len(sequenceName):])
		if !ok || n <= at || n > upTo {
			return l.slowly(rest, from, upTo)
		}
		at, b = n, after
	}
	return nil
}

// slowly decodes a frame that looks wrong, and counts what is.
func (l *Line) slowly(rest []byte, from, upTo int64) error {
	var f struct {
		Events []struct {
			Sequence int64 `json:"sequence"`
		} `json:"events"`
	}
	if err := json.Unmarshal(append([]byte{'{'}, rest...), &f); err != nil {
		return fmt.Errorf("a frame that is no JSON: %w", err)
	}
	at := from
	for _, e := range f.Events {
		switch {
		case e.Sequence == at && at > from, e.Sequence <= from:
			l.Repeats++
		case e.Sequence < at, e.Sequence > upTo:
			l.Disorder++
		}
		at = max(at, e.Sequence)
	}
	return nil
}

// head reads {"epoch":E,"from":F,"upTo":U, as the server writes it. Another order of names would be the same JSON; then the
// frame is decoded.
func head(b []byte) (epoch, from, upTo int64, rest []byte, ok bool) {
	rest = b
	for i, name := range []string{`{"epoch":`, `,"from":`, `,"upTo":`} {
		if !bytes.HasPrefix(rest, []byte(name)) {
			return headSlowly(b)
		}
		var n int64
		if n, rest, ok = number(rest[len(name):]); !ok {
			return headSlowly(b)
		}
		switch i {
		case 0:
			epoch = n
		case 1:
			from = n
		default:
			upTo = n
		}
	}
	if len(rest) == 0 || rest[0] != ',' {
		return headSlowly(b)
	}
	return epoch, from, upTo, rest[1:], true
}

func headSlowly(b []byte) (epoch, from, upTo int64, rest []byte, ok bool) {
	var f struct {
		Epoch  *int64          `json:"epoch"`
		From   *int64          `json:"from"`
		UpTo   *int64          `json:"upTo"`
		Events json.RawMessage `json:"events"`
		View   json.RawMessage `json:"view"`
	}
	if json.Unmarshal(b, &f) != nil || f.Epoch == nil || f.From == nil || f.UpTo == nil {
		return 0, 0, 0, nil, false
	}
	if f.View != nil {
		return *f.Epoch, *f.From, *f.UpTo, append([]byte(`"view":`), f.View...), true
	}
	return *f.Epoch, *f.From, *f.UpTo, append(append([]byte(`"events":`), f.Events...), '}'), true
}

func number(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 18 && '0' <= b[i] && b[i] <= '9' {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
