package event

import "encoding/json"

// Fact is what a command decided: a type and its payload (a pointer to the struct of that type), not yet sequenced.
type Fact struct {
	Type    string
	Payload any
}

// Opened is an event as the rules read it: payload decoded, personal fields opened. Payload is nil for a type that
// this program does not know; such an event only moves the position.
type Opened struct {
	Type      string
	Version   int64
	Epoch     int64
	Sequence  int64
	ActorID   ID
	CreatedAt Time
	Payload   any
}

// Copy is an event as a person is shown it: no salt, hash, key or digest; ActorID is left out where it would tell more than
// the person may know. Payload is a pointer to the struct of the type, opened and reduced.
type Copy struct {
	Type      string `json:"type"`
	Version   int64  `json:"version"`
	Epoch     int64  `json:"epoch"`
	Sequence  int64  `json:"sequence"`
	ActorID   ID     `json:"actorId,omitzero"`
	CreatedAt Time   `json:"createdAt"`
	Payload   any    `json:"payload"`
}

// Opened gives the copy in the form that the rules read.
func (c *Copy) Opened() Opened {
	return Opened{Type: c.Type, Version: c.Version, Epoch: c.Epoch, Sequence: c.Sequence, ActorID: c.ActorID, CreatedAt: c.CreatedAt, Payload: c.Payload}
}

// UnmarshalJSON reads a copy, its payload into the struct of its type. Fields added by a newer peer are ignored; Payload is
// nil for a type, or a version of one, that is not known.
func (c *Copy) UnmarshalJSON(b []byte) error {
	type plain Copy
	var raw struct {
		plain
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*c = Copy(raw.plain)
	p, err := Decode(c.Type, c.Version, raw.Payload)
	c.Payload = p
	return err
}

// Position is where a client stands.
type Position struct {
	Epoch    int64 `json:"epoch"`
	Sequence int64 `json:"sequence"`
}

// Frame carries what a person may see of the events in (From, UpTo]. Frames are gapless: From is the UpTo before it.
type Frame struct {
	Epoch  int64             `json:"epoch"`
	From   int64             `json:"from"`
	UpTo   int64             `json:"upTo"`
	Events []json.RawMessage `json:"events"`
}
