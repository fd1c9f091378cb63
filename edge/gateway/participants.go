package gateway

import (
	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// ClassPerson is somebody who joined a class, as one person may know them.
type ClassPerson struct {
	UserID      event.ID   `json:"userId"`
	Role        string     `json:"role"`
	DisplayName event.Text `json:"displayName"`
	Guest       bool       `json:"guest,omitzero"`
	Present     bool       `json:"present"`
	JoinedAt    event.Time `json:"joinedAt,omitzero"` // students are not told it of those whom their view leaves out
	LeftAt      event.Time `json:"leftAt,omitzero"`   // likewise
	Grants      []string   `json:"grants,omitempty"`  // told to staff, and of oneself
	Muted       bool       `json:"muted,omitzero"`    // likewise
}

// ClassPeople is a page of those who ever joined a class, by id.
type ClassPeople struct {
	People   []ClassPerson `json:"people"`
	Present  int           `json:"present"` // in the class now, whether or not one may know who they are
	Next     *event.ID     `json:"next"`    // give it as after for the next page; null: there is no more
	Position string        `json:"position"`
}

// listParticipants answers who is and was in a class, beyond what a view has room for: the names that a large class keeps
// out of its views are told on request, to who may know them.
func (g *Gateway) listParticipants(c *rest.Call) (any, error) {
	after, limit, err := c.Page()
	if err != nil {
		return nil, err
	}
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err == nil {
		err = m.inside()
	}
	if err != nil {
		return nil, err
	}
	var out rest.Encoded
	err = g.o.Classes.Read(ctx, c.Who.TenantID, c.Session, func(s *session.State) (err error) {
		people, next := session.People(s, m.viewer(s, c.Who.UserID), after, limit)
		list := ClassPeople{People: []ClassPerson{}, Present: s.Roster.Present, Next: idOrNull(next), Position: rest.PositionText(event.Position{Epoch: s.Epoch, Sequence: s.Sequence})}
		for _, p := range people {
			list.People = append(list.People, ClassPerson(p))
		}
		out, err = event.Marshal(list)
		return err
	})
	return out, err
}
