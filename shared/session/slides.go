package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// SlideChange shows a page of an asset in a scene, or one of the scene's board pages.
type SlideChange struct {
	SceneID   event.ID `json:"sceneId"`
	AssetID   event.ID `json:"assetId"`
	PageIndex int      `json:"pageIndex" limit:"page_index"` // from 0; of a board page: 0 or its place on the board
}

// AssetAdd makes slides, a picture or media known to the class. The bytes lie at the edge under their digest already.
type AssetAdd struct {
	Kind        string     `json:"kind" enum:"slide,media"`
	Name        string     `json:"name" limit:"asset_name"`
	ContentType string     `json:"contentType" limit:"content_type"`
	Size        int64      `json:"size"` // bytes
	Digest      event.Hash `json:"digest"`
	Pages       int        `json:"pages" limit:"asset_pages"`
}

// AssetRemove takes an asset that is not on screen out of the class.
type AssetRemove struct {
	AssetID event.ID `json:"assetId"`
}

func decideChangeSlide(s *State, _ *Command, p *SlideChange) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return noScene()
	}
	pages, index := 0, p.PageIndex
	if at := slices.Index(sc.Boards, p.AssetID); at >= 0 {
		pages, index = 1, at
		if p.PageIndex != 0 && p.PageIndex != at {
			return nil, fault.At(fault.InvalidField, "pageIndex", "This board page is number %d of its board, counted from 0. Nothing was changed.", at)
		}
	} else if asset := s.Studio.asset(p.AssetID); asset != nil {
		pages = asset.Pages
		if index < 0 || index >= pages {
			return nil, fault.At(fault.InvalidField, "pageIndex", "The last page is number %d, counted from 0. Nothing was changed.", pages-1)
		}
	}
	switch {
	case pages == 0:
		return refuse(fault.NotFound, "This scene can't show that: it is neither an asset of the class nor a board page of the scene. Nothing was changed.")
	case sc.AssetID == p.AssetID && sc.Page == index:
		return nil, nil
	}
	return one(event.TypeSlideChanged, &event.SlideChanged{SceneID: p.SceneID, AssetID: p.AssetID, PageIndex: index})
}

func decideAddAsset(s *State, c *Command, p *AssetAdd) ([]event.Fact, error) {
	switch {
	case len(s.Studio.Assets) >= limits.Assets:
		return refuse(fault.LimitReached, "The class has %d assets, which is the most. Nothing was changed; remove one that is no longer needed.", limits.Assets)
	case p.Size < 1 || p.Size > limits.AssetBytes:
		return nil, fault.At(fault.InvalidField, "size", "An asset has between 1 and %d bytes. Nothing was added.", limits.AssetBytes)
	case p.Pages < 1:
		return nil, fault.At(fault.InvalidField, "pages", "An asset has at least one page. Nothing was added.")
	case p.Digest == event.Hash{}:
		return nil, fault.At(fault.InvalidField, "digest", "The digest of the bytes is missing. Nothing was added.")
	}
	name, err := textOf("name", p.Name)
	if err != nil {
		return nil, err
	}
	return one(event.TypeAssetAdded, &event.AssetAdded{AssetID: c.newID(s, 1), Kind: p.Kind, Name: name, ContentType: p.ContentType,
		Size: p.Size, Digest: p.Digest, Pages: p.Pages})
}

func decideRemoveAsset(s *State, _ *Command, p *AssetRemove) ([]event.Fact, error) {
	switch {
	case s.Studio.asset(p.AssetID) == nil:
		return refuse(fault.NotFound, "There is no such asset in this class; it may have been removed. Nothing was changed.")
	case s.Studio.pageOnScreen() == p.AssetID:
		return refuse(fault.WrongState, "This asset is on screen. Nothing was changed; show something else before you remove it.")
	}
	return one(event.TypeAssetRemoved, &event.AssetRemoved{AssetID: p.AssetID})
}

func applySlideChanged(s *State, e *event.Opened, p *event.SlideChanged) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return
	}
	sc.AssetID, sc.Page = p.AssetID, p.PageIndex
	s.install(p.Page)
	s.markSlide(e, sc)
}

// markSlide puts what a scene shows now on the timeline, if the scene is on screen.
func (s *State) markSlide(e *event.Opened, sc *Scene) {
	if sc.SceneID != s.Studio.Current {
		return
	}
	m := Mark{Kind: "slide", RefID: sc.AssetID, Page: sc.Page}
	if asset := s.Studio.asset(sc.AssetID); asset != nil {
		m.UserID, m.Title = asset.UserID, asset.Name
	}
	addMark(s, e, m)
}

func applyAssetAdded(s *State, e *event.Opened, p *event.AssetAdded) {
	if s.Studio.asset(p.AssetID) == nil {
		s.Studio.Assets = append(s.Studio.Assets, Asset{AssetID: p.AssetID, UserID: e.ActorID, Kind: p.Kind, Name: p.Name,
			ContentType: p.ContentType, Size: p.Size, Digest: p.Digest, Pages: p.Pages})
	}
}

// applyAssetRemoved also empties the scenes that were to show it.
func applyAssetRemoved(s *State, _ *event.Opened, p *event.AssetRemoved) {
	s.Studio.Assets = without(s.Studio.Assets, func(a *Asset) bool { return a.AssetID == p.AssetID })
	for i := range s.Studio.Scenes {
		if sc := &s.Studio.Scenes[i]; sc.AssetID == p.AssetID && !p.AssetID.IsZero() {
			sc.AssetID, sc.Page = event.ID{}, 0
		}
	}
}
