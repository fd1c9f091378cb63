package session

import (
	"slices"

	"multistream/shared/event"
)

var studioAppliers = map[string]applier{
	event.TypeSceneCreated:  on(applySceneCreated),
	event.TypeSceneUpdated:  on(applySceneUpdated),
	event.TypeSceneDeleted:  on(applySceneDeleted),
	event.TypeSceneChanged:  on(applySceneChanged),
	event.TypeLayoutChanged: on(applyLayoutChanged),
	event.TypeSlideChanged:  on(applySlideChanged),
	event.TypeAssetAdded:    on(applyAssetAdded),
	event.TypeAssetRemoved:  on(applyAssetRemoved),
}

var studioCommands = map[string]*CommandType{
	"scene.create":  command(LaneStudio, "", decideCreateScene),
	"scene.update":  command(LaneStudio, "", decideUpdateScene),
	"scene.delete":  command(LaneStudio, "", decideDeleteScene),
	"scene.switch":  command(LaneStudio, "", decideSwitchScene),
	"layout.change": command(LaneStudio, "", decideChangeLayout),
	"slide.change":  command(LaneStudio, "", decideChangeSlide),
	"asset.add":     command(LaneStudio, "", decideAddAsset),
	"asset.remove":  command(LaneStudio, "", decideRemoveAsset),
}

var studioDeliverers = map[string]deliverer{
	event.TypeSceneChanged: to(deliverSceneChanged),
	event.TypeSlideChanged: to(deliverSlideChanged),
}

// deliverSceneChanged adds the board page that came on screen: views carry no strokes of other pages.
func deliverSceneChanged(s *State, _ *event.Opened, p *event.SceneChanged) Delivery {
	shown := &event.SceneChanged{SceneID: p.SceneID, Layout: p.Layout, Page: s.Studio.boardOnScreen()}
	return Delivery{Staff: shown, Members: shown}
}

func deliverSlideChanged(s *State, _ *event.Opened, p *event.SlideChanged) Delivery {
	shown := &event.SlideChanged{SceneID: p.SceneID, AssetID: p.AssetID, PageIndex: p.PageIndex}
	if p.SceneID == s.Studio.Current {
		shown.Page = s.Studio.boardOnScreen()
	}
	return Delivery{Staff: shown, Members: shown}
}

// boardOnScreen copies the board page on screen as a view carries it; nil if no board page is on screen.
func (st *Studio) boardOnScreen() *event.BoardPage {
	page := st.page(st.pageOnScreen())
	if page == nil {
		return nil
	}
	shown := *page
	shown.Strokes = slices.Clone(page.Strokes)
	if shown.Large {
		shown.Strokes = nil
	}
	return &shown
}

// install puts a page that came with a copy into a view. Full states hold every page already.
func (s *State) install(shown *event.BoardPage) {
	if s.Viewer == nil || shown == nil {
		return
	}
	if page := s.Studio.page(shown.AssetID); page != nil {
		*page = *shown
		page.Strokes = slices.Clone(shown.Strokes)
	}
}

func (st *Studio) scene(id event.ID) *Scene {
	return find(st.Scenes, func(sc *Scene) bool { return sc.SceneID == id })
}

func (st *Studio) asset(id event.ID) *Asset {
	return find(st.Assets, func(a *Asset) bool { return a.AssetID == id })
}

func (st *Studio) page(id event.ID) *event.BoardPage {
	return find(st.Pages, func(p *event.BoardPage) bool { return p.AssetID == id })
}
