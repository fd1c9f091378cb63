package session

import (
	"crypto/sha256"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// boardChange is what a page's checksum is made over. Of a board page whose checksum is H, the checksum after a change is
//
//	SHA-256(H ‖ UTF-8 of the canonical JSON of the change)
//
// H is 32 raw bytes, all zero for a page that was just added; a clear goes on from the checksum before it like any other
// change, so that two states of a page never share one. Canonical JSON is RFC 8785: names sorted, no white space, integers
// only. The change is an object of exactly these names:
//
//	{"assetId":…,"change":"draw","operations":[…],"sceneId":…}
//	{"assetId":…,"change":"undo","hide":[…],"sceneId":…,"show":[…]}   hide and show always there, [] when empty
//	{"assetId":…,"change":"clear","sceneId":…}
//
// with the operations, in the order of the event, as
//
//	{"op":"draw","stroke":{"color":…,"kind":…,"points":[…],"press":true|false,"width":…},"strokeId":…}
//	{"op":"erase","strokeId":…}
//
// and ids and texts as in the event's payload. A stroke's text is left out: it may be erased later, and the checksum must
// still be found again from what is left.
type boardChange struct {
	AssetID    event.ID    `json:"assetId"`
	Change     string      `json:"change"` // draw, undo, clear
	SceneID    event.ID    `json:"sceneId"`
	Operations []boardSum  `json:"operations,omitempty"`
	Hide       *[]event.ID `json:"hide,omitempty"`
	Show       *[]event.ID `json:"show,omitempty"`
}

type boardSum struct {
	Op       string     `json:"op"`
	StrokeID event.ID   `json:"strokeId"`
	Stroke   *strokeSum `json:"stroke,omitempty"`
}

type strokeSum struct {
	Color  string `json:"color"`
	Kind   string `json:"kind"`
	Points []int  `json:"points"`
	Press  bool   `json:"press"`
	Width  int    `json:"width"`
}

func sumOfDraw(before event.Hash, p *event.WhiteboardUpdated) (event.Hash, error) {
	change := boardChange{AssetID: p.AssetID, Change: "draw", SceneID: p.SceneID}
	for _, op := range p.Operations {
		sum := boardSum{Op: op.Op, StrokeID: op.StrokeID}
		if s := op.Stroke; s != nil {
			sum.Stroke = &strokeSum{Color: s.Color, Kind: s.Kind, Points: s.Points, Press: s.Press, Width: s.Width}
		}
		change.Operations = append(change.Operations, sum)
	}
	return change.after(before)
}

func sumOfUndo(before event.Hash, p *event.BoardUndone) (event.Hash, error) {
	hide, show := append([]event.ID{}, p.Hide...), append([]event.ID{}, p.Show...)
	change := boardChange{AssetID: p.AssetID, Change: "undo", SceneID: p.SceneID, Hide: &hide, Show: &show}
	return change.after(before)
}

func sumOfClear(before event.Hash, p *event.BoardCleared) (event.Hash, error) {
	change := boardChange{AssetID: p.AssetID, Change: "clear", SceneID: p.SceneID}
	return change.after(before)
}

// after gives the checksum of a page whose checksum was before. It returns a fault if a text can't be kept.
func (c *boardChange) after(before event.Hash) (event.Hash, error) {
	b, err := event.CanonicalJSON(c)
	if err != nil {
		return event.Hash{}, fault.New(fault.InvalidField, "The board change can't be kept. Nothing was drawn; please draw it again.").Because(err)
	}
	return sha256.Sum256(append(before[:], b...)), nil
}
