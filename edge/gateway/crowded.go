package gateway

import (
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// crowdedPause is after how long those whom a crowded class refused come again: not all at the moment at which one finds room.
const crowdedPause = time.Second

// crowded refuses what pupils say beyond what a class takes (limits.ClassSaidPer1), however many they are: each of them may
// be within what one person may send. Staff are never refused, and votes, of which each has one, neither.
func (g *Gateway) crowded(m *member, class event.ID, command string) error {
	if session.IsStaff(m.role) || command == "poll.vote" || session.LaneOf(&session.Command{Type: command}) != session.LaneInteraction {
		return nil
	}
	wait, ok := g.classSaid.Take(class.String())
	if ok {
		return nil
	}
	return fault.New(fault.RateLimited, "So much is being said in this class that not everything gets through. Nothing was changed by this one; wait a moment and send it again.").
		With("retryAfterMs", max(wait, crowdedPause).Milliseconds())
}
