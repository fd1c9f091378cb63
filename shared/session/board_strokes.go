package session

import (
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// NewStroke is a stroke to draw; its id is given by the class.
type NewStroke struct {
	Kind   string `json:"kind" enum:"pen,highlighter,line,arrow,rectangle,ellipse,text"`
	Color  string `json:"color" limit:"color"` // #rrggbb
	Width  int    `json:"width" limit:"stroke_width"`
	Points []int  `json:"points" limit:"stroke_points" each:"coordinate"` // x, y, x, y …, with Press x, y, pressure, …; each 0…65535
	Press  bool   `json:"press,omitzero" optional:"true"`
	Text   string `json:"text,omitzero" optional:"true" limit:"stroke_text"` // of the kind text
}

// shape says what the points of a kind of stroke are.
type shape struct {
	least, most int // points
	pressure    bool
}

var shapesOf = map[string]shape{
	"pen":         {1, limits.StrokePoints, true},
	"highlighter": {1, limits.StrokePoints, true},
	"line":        {2, 2, false},
	"arrow":       {2, 2, false},
	"rectangle":   {2, 2, false}, // two corners
	"ellipse":     {2, 2, false}, // two corners of the box around it
	"text":        {1, 1, false}, // where it begins
}

// stroke checks a new stroke and gives it as the fact holds it.
func (n *NewStroke) stroke() (*event.Stroke, error) {
	kind, known := shapesOf[n.Kind]
	width, coordinate := limits.Table["stroke_width"], limits.Table["coordinate"]
	per := 2
	if n.Press {
		per = 3
	}
	switch {
	case !known:
		return nil, badStroke("kind", "there is no kind of stroke %q", n.Kind)
	case !isColor(n.Color):
		return nil, badStroke("color", "a color is written like #1f2d3c")
	case n.Width < width.Min || n.Width > width.Max:
		return nil, badStroke("width", "a width is %d to %d", width.Min, width.Max)
	case n.Press && !kind.pressure:
		return nil, badStroke("press", "only pen and highlighter have pressure")
	case len(n.Points)%per != 0:
		return nil, badStroke("points", "%d numbers are no whole count of points of %d numbers each", len(n.Points), per)
	case len(n.Points)/per < kind.least || len(n.Points)/per > kind.most:
		return nil, badStroke("points", "a stroke of kind %s has %d to %d points", n.Kind, kind.least, kind.most)
	case (n.Kind == "text") != (strings.TrimSpace(n.Text) != ""):
		return nil, badStroke("text", "a stroke of kind text has a text, and no other kind has one")
	}
	for _, v := range n.Points {
		if v < coordinate.Min || v > coordinate.Max {
			return nil, badStroke("points", "coordinates and pressure are %d to %d", coordinate.Min, coordinate.Max)
		}
	}
	return &event.Stroke{Kind: n.Kind, Color: n.Color, Width: n.Width, Points: n.Points, Press: n.Press, Text: event.Plain(n.Text)}, nil
}

func badStroke(field, why string, args ...any) error {
	f := fault.At(fault.InvalidField, "operations.stroke."+field, why, args...)
	f.Message = "This stroke can't be drawn: " + f.Message + ". Nothing of the change was drawn."
	return f
}

// isColor accepts # and six lower-case hex digits: one spelling, so that equal pages have equal checksums.
func isColor(s string) bool {
	return len(s) == 7 && s[0] == '#' && strings.Trim(s[1:], "0123456789abcdef") == ""
}
