package session

import (
	"encoding/json"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// CopyState makes a deep copy of a state or view, through its JSON form.
func CopyState(s *State) (*State, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	out := new(State)
	return out, json.Unmarshal(b, out)
}

// refuse is a short word for a refusal.
func refuse(code fault.Code, format string, args ...any) ([]event.Fact, error) {
	return nil, fault.New(code, format, args...)
}
