package session

import "strings"

// Lane orders commands that wait: FIFO within one lane. Those of the studio go first, then those of membership; the others
// take turns, so that neither a flood of messages nor one of strokes holds up the other.
type Lane int

// The lanes.
const (
	LaneStudio      Lane = iota // lifecycle, studio, moderation, system
	LaneMembership              // join, leave
	LaneInteraction             // chat, questions, polls, reactions, hands
	LaneDrawing                 // boards, by pupils who may draw
)

// LaneOf gives the lane of a command: what staff do to conduct a class is never behind what pupils say and draw.
func LaneOf(c *Command) Lane {
	t, known := commands[c.Type]
	switch {
	case !known:
		return LaneInteraction
	case c.byStaff() && c.Type == "hand.lower":
		return LaneStudio
	case c.byStaff():
		return t.Lane
	case strings.HasPrefix(c.Type, "board."):
		return LaneDrawing
	case c.Type == "chat.delete": // of one's own
		return LaneInteraction
	}
	return t.Lane
}
