package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var sceneRules = map[string]rule{
	event.TypeSceneDeleted: on(sceneDeleted),
	event.TypeAssetAdded:   on(assetAdded),
	event.TypeAssetRemoved: on(assetRemoved),
}

// sceneRulesAfter give a scene as it is after its event.
var sceneRulesAfter = map[string]rule{
	event.TypeSceneCreated:  on(func(s *session.State, _ *Event, p *event.SceneCreated) []Change { return sceneRow(s, p.SceneID) }),
	event.TypeSceneUpdated:  on(func(s *session.State, _ *Event, p *event.SceneUpdated) []Change { return sceneRow(s, p.SceneID) }),
	event.TypeSceneChanged:  on(func(s *session.State, _ *Event, p *event.SceneChanged) []Change { return sceneRow(s, p.SceneID) }),
	event.TypeLayoutChanged: on(func(s *session.State, _ *Event, p *event.LayoutChanged) []Change { return sceneRow(s, p.SceneID) }),
}

var boardRules = map[string]rule{
	event.TypeBoardPageAdded: on(boardPageAdded),
	event.TypeWhiteboardUpdated: on(func(s *session.State, _ *Event, p *event.WhiteboardUpdated) []Change {
		return drawn(s, p.AssetID, p.Checksum)
	}),
	event.TypeBoardUndone: on(func(s *session.State, _ *Event, p *event.BoardUndone) []Change {
		return drawn(s, p.AssetID, p.Checksum)
	}),
	event.TypeBoardCleared: on(func(s *session.State, _ *Event, p *event.BoardCleared) []Change {
		return drawn(s, p.AssetID, p.Checksum)
	}),
}

func scene(s *session.State, id event.ID) *session.Scene {
	return find(s.Studio.Scenes, func(sc *session.Scene) bool { return sc.SceneID == id })
}

func sceneRow(s *session.State, id event.ID) []Change {
	sc := scene(s, id)
	if sc == nil {
		return nil
	}
	return []Change{{Table: Scenes, Key: byID(id), Set: text("name", "erased", sc.Name).and(Columns{"layout": jsonOf(sc.Layout), "deleted": false})}}
}

// sceneDeleted takes the board pages of the scene along.
func sceneDeleted(s *session.State, _ *Event, p *event.SceneDeleted) []Change {
	sc := scene(s, p.SceneID)
	if sc == nil {
		return nil
	}
	out := []Change{{Table: Scenes, Key: byID(p.SceneID), Set: Columns{"deleted": true}, Old: true}}
	for _, page := range sc.Boards {
		out = append(out, Change{Table: Assets, Key: byID(page), Set: Columns{"removed": true}, Old: true})
	}
	return out
}

// storedAt is where the bytes of an asset are kept, below the root of all objects.
func storedAt(e *Event, asset event.ID) string {
	return e.TenantID.String() + "/" + e.SessionID.String() + "/assets/" + asset.String()
}

func assetAdded(s *session.State, e *Event, p *event.AssetAdded) []Change {
	if find(s.Studio.Assets, func(a *session.Asset) bool { return a.AssetID == p.AssetID }) != nil {
		return nil
	}
	return []Change{{Table: Assets, Key: byID(p.AssetID), Set: Columns{"asset_type": p.Kind, "uri": storedAt(e, p.AssetID), "checksum": p.Digest, "removed": false}}}
}

func assetRemoved(_ *session.State, _ *Event, p *event.AssetRemoved) []Change {
	return []Change{{Table: Assets, Key: byID(p.AssetID), Set: Columns{"removed": true}, Old: true}}
}

func page(s *session.State, id event.ID) *event.BoardPage {
	return find(s.Studio.Pages, func(p *event.BoardPage) bool { return p.AssetID == id })
}

func boardPageAdded(s *session.State, e *Event, p *event.BoardPageAdded) []Change {
	if scene(s, p.SceneID) == nil || page(s, p.AssetID) != nil {
		return nil
	}
	return []Change{{Table: Assets, Key: byID(p.AssetID), Set: Columns{"asset_type": "whiteboard", "uri": storedAt(e, p.AssetID), "checksum": nil, "removed": false}}}
}

// drawn keeps the checksum of a board page: what it shows is in the log.
func drawn(s *session.State, id event.ID, checksum event.Hash) []Change {
	if page(s, id) == nil {
		return nil
	}
	return []Change{{Table: Assets, Key: byID(id), Set: Columns{"checksum": checksum}, Old: true}}
}
