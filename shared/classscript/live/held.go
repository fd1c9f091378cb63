package live

import (
	"bytes"
	"encoding/json"

	"multistream/shared/event"
	"multistream/shared/session"
)

// position is what the follower knows of.
func (f *follower) position() event.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.screen.At
}

// beginning is the position of the latest fresh view: from there on every event that may be seen was told.
func (f *follower) beginning() event.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return event.Position{Epoch: f.screen.At.Epoch, Sequence: f.screen.Since}
}

// viewBeside gives the folded view and a fresh one, encoded in the same way.
func (f *follower) viewBeside(fresh []byte) (folded, want []byte, err error) {
	s := new(session.State)
	if err := json.Unmarshal(fresh, s); err != nil {
		return nil, nil, err
	}
	if want, err = json.Marshal(s); err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	folded, err = json.Marshal(f.screen.View)
	return folded, want, err
}

// hold counts what REST tells of (after, upTo] and the socket did not, and the other way round. Both must be the same
// bytes.
func (f *follower) hold(after, upTo int64, events []json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := map[int64]bool{}
	for _, raw := range events {
		var c event.Copy
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		told[c.Sequence] = true
		switch got := f.screen.Copies[c.Sequence]; {
		case got == nil && c.Sequence <= f.screen.At.Sequence:
			f.screen.Lost++
			f.screen.Wrong("event %d %s was never told over the socket", c.Sequence, c.Type)
		case got != nil && !bytes.Equal(got, raw):
			f.screen.Wrong("event %d %s is another one over the socket than over REST", c.Sequence, c.Type)
		}
	}
	for seq := after + 1; seq <= upTo; seq++ {
		if f.screen.Copies[seq] != nil && !told[seq] {
			f.screen.Wrong("event %d was told over the socket and is kept back over REST", seq)
		}
	}
	return nil
}
