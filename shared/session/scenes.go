package session

import (
	"cmp"
	"slices"

	"multistream/shared/event"
)

func applySceneCreated(s *State, e *event.Opened, p *event.SceneCreated) {
	if s.Studio.scene(p.SceneID) != nil {
		return
	}
	s.Studio.Scenes = append(s.Studio.Scenes, Scene{SceneID: p.SceneID, UserID: e.ActorID, Name: p.Name, Layout: p.Layout,
		Order: p.Order, CreatedSeq: e.Sequence})
	s.Studio.sort()
}

func applySceneUpdated(s *State, e *event.Opened, p *event.SceneUpdated) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return
	}
	sc.UserID, sc.Name, sc.Layout, sc.Order = e.ActorID, p.Name, p.Layout, p.Order
	s.Studio.sort()
}

func (st *Studio) sort() {
	slices.SortFunc(st.Scenes, func(a, b Scene) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.CreatedSeq, b.CreatedSeq))
	})
}

// applySceneDeleted drops the scene's board pages too: what was drawn stays in the log.
func applySceneDeleted(s *State, _ *event.Opened, p *event.SceneDeleted) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return
	}
	boards := sc.Boards
	for _, id := range boards {
		s.forgetUndo(id)
	}
	s.Studio.Pages = without(s.Studio.Pages, func(page *event.BoardPage) bool { return slices.Contains(boards, page.AssetID) })
	s.Studio.Scenes = without(s.Studio.Scenes, func(sc *Scene) bool { return sc.SceneID == p.SceneID })
	if s.Studio.Current == p.SceneID {
		s.Studio.Current = event.ID{}
	}
}

func applySceneChanged(s *State, e *event.Opened, p *event.SceneChanged) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return
	}
	s.Studio.Current, sc.Layout = p.SceneID, p.Layout
	s.install(p.Page)
	addMark(s, e, Mark{Kind: "scene", RefID: sc.SceneID, UserID: sc.UserID, Title: sc.Name})
}

func applyLayoutChanged(s *State, _ *event.Opened, p *event.LayoutChanged) {
	if sc := s.Studio.scene(p.SceneID); sc != nil {
		sc.Layout = p.Layout
	}
}
