package session

import (
	"strings"

	"multistream/shared/event"
	"multistream/shared/limits"
)

func undoKey(page, user event.ID) string { return page.String() + ":" + user.String() }

// remember keeps a change for its author's undo. Views keep none: the undone event says what it changes.
func (s *State) remember(page, user event.ID, step UndoStep) {
	if s.Private == nil || user.IsZero() || len(step.Drawn)+len(step.Erased) == 0 {
		return
	}
	key := undoKey(page, user)
	s.Private.Undo[key] = keep(append(s.Private.Undo[key], step), limits.UndoDepth)
}

// takeBack drops the steps that an undo of that person used up.
func (s *State) takeBack(page *event.BoardPage, user event.ID) {
	if s.Private == nil {
		return
	}
	key := undoKey(page.AssetID, user)
	if _, _, rest := undoOf(page, s.Private.Undo[key]); len(rest) > 0 {
		s.Private.Undo[key] = rest
	} else {
		delete(s.Private.Undo, key)
	}
}

// forgetUndo drops everybody's steps on a page.
func (s *State) forgetUndo(page event.ID) {
	if s.Private == nil {
		return
	}
	for key := range s.Private.Undo {
		if strings.HasPrefix(key, page.String()+":") {
			delete(s.Private.Undo, key)
		}
	}
}

// undoOf finds what taking back the latest step does: hide what it drew, show what it erased, each only if that is still
// to be seen so. A step of which nothing is left (others erased what it drew, say) is passed over. rest is what can be
// taken back after it; nothing to hide or show: there is nothing to take back.
func undoOf(page *event.BoardPage, steps []UndoStep) (hide, show []event.ID, rest []UndoStep) {
	if len(steps) == 0 {
		return nil, nil, nil
	}
	hidden := make(map[event.ID]bool, len(page.Strokes))
	for i := range page.Strokes {
		hidden[page.Strokes[i].ID] = page.Strokes[i].Hidden
	}
	for i := len(steps) - 1; i >= 0; i-- {
		for _, id := range steps[i].Drawn {
			if isHidden, known := hidden[id]; known && !isHidden {
				hide = append(hide, id)
			}
		}
		for _, id := range steps[i].Erased {
			if hidden[id] {
				show = append(show, id)
			}
		}
		if len(hide)+len(show) > 0 {
			return hide, show, steps[:i:i]
		}
	}
	return nil, nil, nil
}
