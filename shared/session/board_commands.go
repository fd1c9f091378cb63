package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// BoardDraw draws on a page of a scene's board or erases from it. Without AssetID it is the page that the scene shows; where
// the scene has none, the first drawing adds one, if the actor may say what is shown. The stroke of the n-th operation (from 1) gets the
// n-th id that the command derives, so that a client can know it beforehand.
type BoardDraw struct {
	SceneID    event.ID         `json:"sceneId"`
	AssetID    event.ID         `json:"assetId,omitzero" optional:"true"`
	Operations []BoardOperation `json:"operations" limit:"board_operations"`
}

// BoardOperation is one change: draw a stroke, or erase one by its id.
type BoardOperation struct {
	Op       string     `json:"op" enum:"draw,erase"`
	StrokeID event.ID   `json:"strokeId,omitzero" optional:"true"` // with erase
	Stroke   *NewStroke `json:"stroke,omitempty" optional:"true"`  // with draw
}

// BoardUndo takes back the actor's latest change of a page.
type BoardUndo struct {
	SceneID event.ID `json:"sceneId"`
	AssetID event.ID `json:"assetId"`
}

// BoardClear empties a page.
type BoardClear struct {
	SceneID event.ID `json:"sceneId"`
	AssetID event.ID `json:"assetId"`
}

// BoardAddPage adds an empty page to a scene's board and shows it.
type BoardAddPage struct {
	SceneID event.ID `json:"sceneId"`
}

func decideDraw(s *State, c *Command, p *BoardDraw) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return noScene()
	}
	asset, facts := p.AssetID, []event.Fact(nil)
	if asset.IsZero() && slices.Contains(sc.Boards, sc.AssetID) {
		asset = sc.AssetID
	}
	page := &event.BoardPage{}
	switch {
	case !asset.IsZero():
		if page = s.Studio.page(asset); page == nil || !slices.Contains(sc.Boards, asset) {
			return noPage()
		}
	case len(sc.Boards) > 0 || !s.widened(c, GrantPresent):
		return refuse(fault.WrongState, "This scene shows no board page now. Nothing was drawn; say which page, or wait until the teacher shows one.")
	default:
		added, err := addPage(s, sc, c.newID(s, len(p.Operations)+1))
		if err != nil {
			return nil, err
		}
		facts, asset = append(facts, added), added.Payload.(*event.BoardPageAdded).AssetID
	}
	drawn := &event.WhiteboardUpdated{SceneID: p.SceneID, AssetID: asset}
	if err := operations(s, c, page, p.Operations, drawn); err != nil || len(drawn.Operations) == 0 {
		return nil, err
	}
	sum, err := sumOfDraw(page.Checksum, drawn)
	if err != nil {
		return nil, err
	}
	drawn.Checksum = sum
	return append(facts, event.Fact{Type: event.TypeWhiteboardUpdated, Payload: drawn}), nil
}

// operations checks what shall change on a page and gives drawn what has an effect: an erased stroke can't be erased again.
func operations(s *State, c *Command, page *event.BoardPage, ops []BoardOperation, drawn *event.WhiteboardUpdated) error {
	points, erased := page.Points, map[event.ID]bool{}
	for i, op := range ops {
		switch {
		case op.Op == "draw" && op.Stroke != nil && op.StrokeID.IsZero():
			stroke, err := op.Stroke.stroke()
			if err != nil {
				return err
			}
			points += len(stroke.Points)
			drawn.Operations = append(drawn.Operations, event.Operation{Op: "draw", StrokeID: c.newID(s, i+1), Stroke: stroke})
		case op.Op == "erase" && op.Stroke == nil && !op.StrokeID.IsZero():
			old := find(page.Strokes, func(b *event.BoardStroke) bool { return b.ID == op.StrokeID })
			if old == nil {
				return fault.At(fault.NotFound, "operations.strokeId", "There is no such stroke on this page. Nothing of the change was drawn; look at the page as it is now.")
			}
			if old.UserID != c.Actor.UserID && !s.widened(c, GrantPresent) {
				return fault.New(fault.Forbidden, "You may erase your own strokes only. Nothing of the change was drawn.")
			}
			if !old.Hidden && !erased[old.ID] {
				erased[old.ID] = true
				drawn.Operations = append(drawn.Operations, event.Operation{Op: "erase", StrokeID: old.ID})
			}
		default:
			return fault.At(fault.InvalidField, "operations", "An operation is draw with a stroke, or erase with the id of one. Nothing of the change was drawn.")
		}
	}
	if points > limits.PagePointsMax {
		return fault.New(fault.LimitReached, "This board page is full. What is on it is safe; nothing was added. Go on on a new page, or clear this one.")
	}
	return nil
}

func decideUndo(s *State, c *Command, p *BoardUndo) ([]event.Fact, error) {
	page := s.boardPage(p.SceneID, p.AssetID)
	if page == nil {
		return noPage()
	}
	hide, show, _ := undoOf(page, s.Private.Undo[undoKey(p.AssetID, c.Author())])
	if len(hide)+len(show) == 0 {
		return nil, nil
	}
	undone := &event.BoardUndone{SceneID: p.SceneID, AssetID: p.AssetID, Hide: hide, Show: show}
	sum, err := sumOfUndo(page.Checksum, undone)
	if err != nil {
		return nil, err
	}
	undone.Checksum = sum
	return one(event.TypeBoardUndone, undone)
}

func decideClearPage(s *State, _ *Command, p *BoardClear) ([]event.Fact, error) {
	page := s.boardPage(p.SceneID, p.AssetID)
	switch {
	case page == nil:
		return noPage()
	case len(page.Strokes) == 0:
		return nil, nil
	}
	cleared := &event.BoardCleared{SceneID: p.SceneID, AssetID: p.AssetID}
	sum, err := sumOfClear(page.Checksum, cleared)
	if err != nil {
		return nil, err
	}
	cleared.Checksum = sum
	return one(event.TypeBoardCleared, cleared)
}

func decideAddPage(s *State, c *Command, p *BoardAddPage) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return noScene()
	}
	added, err := addPage(s, sc, c.newID(s, 1))
	if err != nil {
		return nil, err
	}
	return []event.Fact{added}, nil
}

func addPage(s *State, sc *Scene, id event.ID) (event.Fact, error) {
	if len(s.Studio.Pages) >= limits.BoardPages {
		return event.Fact{}, fault.New(fault.LimitReached, "The class has %d board pages, which is the most. Nothing was drawn; clear a page and use it again.", limits.BoardPages)
	}
	return event.Fact{Type: event.TypeBoardPageAdded, Payload: &event.BoardPageAdded{SceneID: sc.SceneID, AssetID: id, Index: len(sc.Boards)}}, nil
}

// boardPage finds a page of a scene's board, or nil.
func (s *State) boardPage(scene, asset event.ID) *event.BoardPage {
	if sc := s.Studio.scene(scene); sc != nil && slices.Contains(sc.Boards, asset) {
		return s.Studio.page(asset)
	}
	return nil
}

func noPage() ([]event.Fact, error) {
	return refuse(fault.NotFound, "There is no such board page in this scene. Nothing was changed.")
}
