package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// board makes a scene on screen with one board page, and gives both ids.

func (c *class) board() (scene, page event.ID) {
	c.t.Helper()
	scene = c.scene("board", 1)
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: scene})
	e := c.do(teacher(), "board.add_page", &BoardAddPage{SceneID: scene})
	return scene, e[0].Payload.(*event.BoardPageAdded).AssetID
}

// pen is an operation that draws a stroke of so many points.

func pen(points int) BoardOperation {
	numbers := make([]int, 2*points)
	for i := range numbers {
		numbers[i] = i % 65536
	}
	return BoardOperation{Op: "draw", Stroke: &NewStroke{Kind: "pen", Color: "#1f2d3c", Width: 40, Points: numbers}}
}

func erase(id event.ID) BoardOperation { return BoardOperation{Op: "erase", StrokeID: id} }

// draws gives operations and the ids of the strokes that they drew.

func (c *class) draws(a Actor, scene, page event.ID, ops ...BoardOperation) (ids []event.ID) {
	c.t.Helper()
	for _, e := range c.do(a, "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: ops}) {
		if p, ok := e.Payload.(*event.WhiteboardUpdated); ok {
			for _, op := range p.Operations {
				if op.Op == "draw" {
					ids = append(ids, op.StrokeID)
				}
			}
		}
	}
	return ids
}

// visible lists the strokes of a page that are to be seen.

func (c *class) visible(page event.ID) (ids []event.ID) {
	for _, b := range c.s.Studio.page(page).Strokes {
		if !b.Hidden {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

func TestFirstDrawingAddsAPage(t *testing.T) {
	c := liveClass(t, student("Sam"))
	scene := c.scene("empty", 1)
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: scene})
	draw := &BoardDraw{SceneID: scene, Operations: []BoardOperation{pen(2), pen(3)}}
	c.refused(fault.WrongState, student("Sam"), "board.draw", draw)
	events := c.do(teacher(), "board.draw", draw)
	if want := []string{event.TypeBoardPageAdded, event.TypeWhiteboardUpdated}; !slices.Equal(typesOf(events), want) {
		t.Fatalf("facts %v, want %v", typesOf(events), want)
	}
	page := events[0].Payload.(*event.BoardPageAdded).AssetID
	if sc := c.s.Studio.scene(scene); sc.AssetID != page || len(c.visible(page)) != 2 || c.s.Studio.page(page).Points != 10 {
		t.Errorf("scene %+v, page %+v", sc, c.s.Studio.page(page))
	}
	c.do(student("Sam"), "board.draw", draw) // onto the page that is shown now
	if len(c.s.Studio.Pages) != 1 || len(c.visible(page)) != 4 {
		t.Errorf("%d pages, %d strokes on the first", len(c.s.Studio.Pages), len(c.visible(page)))
	}
	c.finish()
}

func TestStrokesAreChecked(t *testing.T) {
	c := liveClass(t)
	scene, page := c.board()
	good := func() *NewStroke {
		return &NewStroke{Kind: "line", Color: "#00ff00", Width: 1, Points: []int{0, 0, 65535, 65535}}
	}
	for name, spoil := range map[string]func(*NewStroke){
		"unknown kind":         func(n *NewStroke) { n.Kind = "spray" },
		"short color":          func(n *NewStroke) { n.Color = "#0f0" },
		"color name":           func(n *NewStroke) { n.Color = "crimson" },
		"upper-case color":     func(n *NewStroke) { n.Color = "#00FF00" },
		"no width":             func(n *NewStroke) { n.Width = 0 },
		"broad":                func(n *NewStroke) { n.Width = 65536 },
		"odd count":            func(n *NewStroke) { n.Kind, n.Points = "pen", []int{1, 2, 3} },
		"no points":            func(n *NewStroke) { n.Kind, n.Points = "pen", nil },
		"line of three points": func(n *NewStroke) { n.Points = []int{1, 2, 3, 4, 5, 6} },
		"below":                func(n *NewStroke) { n.Points[0] = -1 },
		"beyond":               func(n *NewStroke) { n.Points[3] = 65536 },
		"line with pressure":   func(n *NewStroke) { n.Press, n.Points = true, []int{1, 2, 3, 4, 5, 6} },
		"pressure in pairs":    func(n *NewStroke) { n.Kind, n.Press, n.Points = "pen", true, []int{1, 2, 3, 4} },
		"line with text":       func(n *NewStroke) { n.Text = "hello" },
		"text without text":    func(n *NewStroke) { n.Kind, n.Points = "text", []int{1, 2} },
	} {
		stroke := good()
		spoil(stroke)
		facts, err := c.decide(teacher(), "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{pen(1), {Op: "draw", Stroke: stroke}}})
		if err == nil || fault.Of(err).Code != fault.InvalidField || len(facts) > 0 {
			t.Errorf("%s: got %d facts, %v", name, len(facts), err)
		}
	}
	for _, stroke := range []*NewStroke{good(), {Kind: "pen", Color: "#000000", Width: 65535, Press: true, Points: []int{1, 2, 3, 4, 5, 6}},
		{Kind: "text", Color: "#000000", Width: 9, Points: []int{1, 2}, Text: "¾"}, {Kind: "highlighter", Color: "#ffff00", Width: 9, Points: []int{1, 2}}} {
		c.draws(teacher(), scene, page, BoardOperation{Op: "draw", Stroke: stroke})
	}
	for name, op := range map[string]BoardOperation{"neither": {Op: "move"}, "draw without": {Op: "draw"}, "erase without": {Op: "erase"},
		"draw with an id": {Op: "draw", Stroke: good(), StrokeID: page}} {
		if _, err := c.decide(teacher(), "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{op}}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c.finish()
}

// TestErasingTwice: an erasure that came too late is no change, so its undo must not bring the stroke back.

func TestBoardPages(t *testing.T) {
	sam := student("Sam")
	c := liveClass(t, sam)
	scene, first := c.board()
	other := c.scene("other", 2)
	ids := c.draws(teacher(), scene, first, pen(2))
	e := c.do(teacher(), "board.add_page", &BoardAddPage{SceneID: scene})
	second := e[0].Payload.(*event.BoardPageAdded)
	if second.Index != 1 || c.s.Studio.pageOnScreen() != second.AssetID {
		t.Errorf("second page: %+v, on screen %v", second, c.s.Studio.pageOnScreen())
	}
	if got := View(c.s, sam.UserID).Studio.page(first).Strokes; got != nil {
		t.Errorf("a view carries strokes of a page that is not on screen: %v", got)
	}
	c.draws(teacher(), scene, first, pen(3)) // late, onto the page before
	c.refused(fault.InvalidField, teacher(), "slide.change", &SlideChange{SceneID: scene, AssetID: first, PageIndex: 1})
	c.refused(fault.NotFound, teacher(), "slide.change", &SlideChange{SceneID: other, AssetID: first})
	c.refused(fault.NotFound, teacher(), "board.draw", &BoardDraw{SceneID: other, AssetID: first, Operations: []BoardOperation{pen(1)}})
	c.refused(fault.NotFound, teacher(), "asset.remove", &AssetRemove{AssetID: first})
	c.do(teacher(), "slide.change", &SlideChange{SceneID: scene, AssetID: first})
	if got := View(c.s, sam.UserID).Studio.page(first).Strokes; len(got) != 2 || got[0].ID != ids[0] || got[0].UserID != who("Tess") {
		t.Errorf("the page that came back has strokes %+v", got)
	}
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: other})
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: scene})
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: other})
	for len(c.s.Studio.Pages) < limits.BoardPages {
		c.do(teacher(), "board.add_page", &BoardAddPage{SceneID: scene})
	}
	c.refused(fault.LimitReached, teacher(), "board.add_page", &BoardAddPage{SceneID: other})
	c.refused(fault.LimitReached, teacher(), "board.draw", &BoardDraw{SceneID: other, Operations: []BoardOperation{pen(1)}})
	c.do(teacher(), "scene.delete", &SceneDelete{SceneID: scene})
	if len(c.s.Studio.Pages) > 0 || len(c.s.Private.Undo) > 0 {
		t.Errorf("the board of a deleted scene: %d pages, %d undo steps", len(c.s.Studio.Pages), len(c.s.Private.Undo))
	}
	c.finish()
}
