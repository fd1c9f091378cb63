package rest

import (
	"strconv"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// PositionText writes a position as clients keep it: "<epoch>.<sequence>".
func PositionText(p event.Position) string {
	return strconv.FormatInt(p.Epoch, 10) + "." + strconv.FormatInt(p.Sequence, 10)
}

// ParsePosition reads one; the empty text is the absent position, ok false.
func ParsePosition(text string) (p event.Position, ok bool, err error) {
	if text == "" {
		return event.Position{}, false, nil
	}
	epoch, sequence, dotted := strings.Cut(text, ".")
	e, errE := strconv.ParseInt(epoch, 10, 53)
	s, errS := strconv.ParseInt(sequence, 10, 53)
	p = event.Position{Epoch: e, Sequence: s}
	if !dotted || errE != nil || errS != nil || e < 1 || s < 0 || PositionText(p) != text {
		return event.Position{}, false, fault.At(fault.InvalidField, "after", "after must be a position like 1.42, as the last frame or answer gave it.")
	}
	return p, true, nil
}
