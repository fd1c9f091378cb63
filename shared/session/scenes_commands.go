package session

import (
	"slices"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// LayoutChoice is how a scene shall be shown.
type LayoutChoice struct {
	Name      string   `json:"name" limit:"layout_name" enum:"slide,camera,board,screen,split,grid,title"`
	Spotlight event.ID `json:"spotlight,omitzero" optional:"true"` // somebody in the class, shown large
}

// SceneCreate adds a scene to the strip.
type SceneCreate struct {
	Name   string       `json:"name" limit:"scene_name"`
	Layout LayoutChoice `json:"layout"`
	Order  int          `json:"order,omitzero" optional:"true" limit:"order"` // those of one order stand as they were made
}

// SceneUpdate replaces name, layout and place of a scene.
type SceneUpdate struct {
	SceneID event.ID     `json:"sceneId"`
	Name    string       `json:"name" limit:"scene_name"`
	Layout  LayoutChoice `json:"layout"`
	Order   int          `json:"order" limit:"order"`
}

// SceneDelete removes a scene that is not on screen, and its board pages.
type SceneDelete struct {
	SceneID event.ID `json:"sceneId"`
}

// SceneSwitch puts a scene on screen.
type SceneSwitch struct {
	SceneID event.ID `json:"sceneId"`
}

// LayoutChange changes the layout of a scene.
type LayoutChange struct {
	SceneID event.ID     `json:"sceneId"`
	Layout  LayoutChoice `json:"layout"`
}

var layouts = []string{"slide", "camera", "board", "screen", "split", "grid", "title"}

func decideCreateScene(s *State, c *Command, p *SceneCreate) ([]event.Fact, error) {
	if len(s.Studio.Scenes) >= limits.Scenes {
		return refuse(fault.LimitReached, "The class has %d scenes, which is the most. Nothing was changed; delete one that is no longer needed.", limits.Scenes)
	}
	layout, err := chooseLayout(s, p.Layout)
	if err != nil {
		return nil, err
	}
	name, err := textOf("name", p.Name)
	if err != nil {
		return nil, err
	}
	return one(event.TypeSceneCreated, &event.SceneCreated{SceneID: c.newID(s, 1), Name: name, Layout: layout, Order: p.Order})
}

func decideUpdateScene(s *State, _ *Command, p *SceneUpdate) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return noScene()
	}
	layout, err := chooseLayout(s, p.Layout)
	if err != nil {
		return nil, err
	}
	name, err := textOf("name", p.Name)
	if err != nil {
		return nil, err
	}
	if sc.Name.V == name.V && !sc.Name.Erased && sc.Layout == layout && sc.Order == p.Order {
		return nil, nil
	}
	return one(event.TypeSceneUpdated, &event.SceneUpdated{SceneID: p.SceneID, Name: name, Layout: layout, Order: p.Order})
}

func decideDeleteScene(s *State, _ *Command, p *SceneDelete) ([]event.Fact, error) {
	switch {
	case s.Studio.scene(p.SceneID) == nil:
		return noScene()
	case s.Studio.Current == p.SceneID:
		return refuse(fault.WrongState, "This scene is on screen. Nothing was changed; show another scene before you delete it.")
	}
	return one(event.TypeSceneDeleted, &event.SceneDeleted{SceneID: p.SceneID})
}

func decideSwitchScene(s *State, _ *Command, p *SceneSwitch) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	switch {
	case sc == nil:
		return noScene()
	case s.Studio.Current == p.SceneID:
		return nil, nil
	}
	return one(event.TypeSceneChanged, &event.SceneChanged{SceneID: p.SceneID, Layout: sc.Layout})
}

func decideChangeLayout(s *State, _ *Command, p *LayoutChange) ([]event.Fact, error) {
	sc := s.Studio.scene(p.SceneID)
	if sc == nil {
		return noScene()
	}
	layout, err := chooseLayout(s, p.Layout)
	if err != nil || sc.Layout == layout {
		return nil, err
	}
	return one(event.TypeLayoutChanged, &event.LayoutChanged{SceneID: p.SceneID, Layout: layout})
}

func chooseLayout(s *State, l LayoutChoice) (event.Layout, error) {
	if !slices.Contains(layouts, l.Name) {
		return event.Layout{}, fault.At(fault.InvalidField, "layout.name", "There is no layout %q. Nothing was changed; choose one of %s.", l.Name, strings.Join(layouts, ", "))
	}
	if who := s.person(l.Spotlight); !l.Spotlight.IsZero() && (who == nil || !who.Present) {
		return event.Layout{}, fault.At(fault.NotFound, "layout.spotlight", "The person for the spotlight is not in the class. Nothing was changed; choose somebody who is here.")
	}
	return event.Layout{Name: l.Name, Spotlight: l.Spotlight}, nil
}

func noScene() ([]event.Fact, error) {
	return refuse(fault.NotFound, "There is no such scene in this class; it may have been deleted. Nothing was changed.")
}

// textOf makes a personal text of what somebody wrote. Returns invalid_field if it says nothing.
func textOf(field, s string) (event.Text, error) {
	if strings.TrimSpace(s) == "" {
		return event.Text{}, fault.At(fault.InvalidField, field, "The text is empty. Nothing was changed; write something first.")
	}
	return event.Plain(s), nil
}
