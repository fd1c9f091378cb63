package session

import (
	"multistream/shared/event"
	"multistream/shared/limits"
)

var boardAppliers = map[string]applier{
	event.TypeWhiteboardUpdated: on(applyWhiteboardUpdated),
	event.TypeBoardUndone:       on(applyBoardUndone),
	event.TypeBoardCleared:      on(applyBoardCleared),
	event.TypeBoardPageAdded:    on(applyBoardPageAdded),
}

var boardCommands = map[string]*CommandType{
	"board.draw":     command(LaneStudio, "", decideDraw),
	"board.undo":     command(LaneStudio, "", decideUndo),
	"board.clear":    command(LaneStudio, "", decideClearPage),
	"board.add_page": command(LaneStudio, "", decideAddPage),
}

// applyWhiteboardUpdated works alike on a page whose strokes a view does not carry: points are counted from the change,
// and trim drops the strokes again.
func applyWhiteboardUpdated(s *State, e *event.Opened, p *event.WhiteboardUpdated) {
	page := s.Studio.page(p.AssetID)
	if page == nil {
		return
	}
	var step UndoStep
	for _, op := range p.Operations {
		switch {
		case op.Op == "draw" && op.Stroke != nil:
			page.Points += len(op.Stroke.Points)
			page.Strokes = append(page.Strokes, event.BoardStroke{ID: op.StrokeID, UserID: e.ActorID, Stroke: *op.Stroke})
			step.Drawn = append(step.Drawn, op.StrokeID)
		case op.Op == "erase":
			if setHidden(page, op.StrokeID, true) {
				step.Erased = append(step.Erased, op.StrokeID)
			}
		}
	}
	page.Large = page.Points > limits.PagePoints // hidden strokes count, so this stays until the page is cleared
	page.Checksum = p.Checksum
	s.remember(p.AssetID, e.ActorID, step)
}

func applyBoardUndone(s *State, e *event.Opened, p *event.BoardUndone) {
	page := s.Studio.page(p.AssetID)
	if page == nil {
		return
	}
	s.takeBack(page, e.ActorID)
	for _, id := range p.Hide {
		setHidden(page, id, true)
	}
	for _, id := range p.Show {
		setHidden(page, id, false)
	}
	page.Checksum = p.Checksum
}

func applyBoardCleared(s *State, _ *event.Opened, p *event.BoardCleared) {
	if page := s.Studio.page(p.AssetID); page != nil {
		*page = event.BoardPage{AssetID: p.AssetID, Checksum: p.Checksum}
		s.forgetUndo(p.AssetID)
	}
}

func applyBoardPageAdded(s *State, e *event.Opened, p *event.BoardPageAdded) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil || s.Studio.page(p.AssetID) != nil {
		return
	}
	s.Studio.Pages = append(s.Studio.Pages, event.BoardPage{AssetID: p.AssetID})
	sc.Boards = append(sc.Boards, p.AssetID)
	sc.AssetID, sc.Page = p.AssetID, p.Index
	s.markSlide(e, sc)
}

// setHidden reports whether it changed a stroke: false where it is so already, or the page does not have it.
func setHidden(page *event.BoardPage, id event.ID, hidden bool) bool {
	stroke := find(page.Strokes, func(b *event.BoardStroke) bool { return b.ID == id })
	if stroke == nil || stroke.Hidden == hidden {
		return false
	}
	stroke.Hidden = hidden
	return true
}
