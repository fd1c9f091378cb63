package session

import (
	"fmt"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// scene adds a scene and gives its id.
func (c *class) scene(name string, order int) event.ID {
	c.t.Helper()
	e := c.do(teacher(), "scene.create", &SceneCreate{Name: name, Layout: LayoutChoice{Name: "board"}, Order: order})
	return e[0].Payload.(*event.SceneCreated).SceneID
}

// slides adds an asset and gives its id.
func (c *class) slides(pages int) event.ID {
	c.t.Helper()
	e := c.do(teacher(), "asset.add", &AssetAdd{Kind: "slide", Name: "Fractions", ContentType: "application/pdf", Size: 10, Digest: event.Hash{1}, Pages: pages})
	return e[0].Payload.(*event.AssetAdded).AssetID
}

func TestScenesAreOrdered(t *testing.T) {
	c := liveClass(t, student("Sam"))
	start := len(c.s.Studio.Scenes)
	third, first, second := c.scene("third", 500), c.scene("first", 100), c.scene("second", 300)
	order := func() (out []event.ID) {
		for _, sc := range c.s.Studio.Scenes[start:] {
			out = append(out, sc.SceneID)
		}
		return out
	}
	if want := []event.ID{first, second, third}; !slices.Equal(order(), want) {
		t.Errorf("scenes by order: got %v, want %v", order(), want)
	}
	for _, id := range []event.ID{first, third, second} { // in the same place, the order of creation decides
		c.do(teacher(), "scene.update", &SceneUpdate{SceneID: id, Name: "same", Layout: LayoutChoice{Name: "grid"}, Order: 200})
	}
	if want := []event.ID{third, first, second}; !slices.Equal(order(), want) {
		t.Errorf("scenes of one order: got %v, want %v", order(), want)
	}
	c.noop(teacher(), "scene.update", &SceneUpdate{SceneID: first, Name: "same", Layout: LayoutChoice{Name: "grid"}, Order: 200})
	c.finish()
}

func TestSceneCommands(t *testing.T) {
	c := liveClass(t, student("Sam"))
	a, b, nowhere := c.scene("a", 1000), c.scene("b", 1001), who("nowhere")
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: a})
	c.noop(teacher(), "scene.switch", &SceneSwitch{SceneID: a})
	c.refused(fault.NotFound, teacher(), "scene.switch", &SceneSwitch{SceneID: nowhere})
	c.refused(fault.WrongState, teacher(), "scene.delete", &SceneDelete{SceneID: a})
	c.refused(fault.NotFound, teacher(), "scene.delete", &SceneDelete{SceneID: nowhere})
	c.refused(fault.NotFound, teacher(), "scene.update", &SceneUpdate{SceneID: nowhere, Name: "x", Layout: LayoutChoice{Name: "grid"}})
	c.refused(fault.InvalidField, teacher(), "scene.create", &SceneCreate{Name: " \t", Layout: LayoutChoice{Name: "grid"}})
	c.refused(fault.InvalidField, teacher(), "scene.create", &SceneCreate{Name: "x", Layout: LayoutChoice{Name: "mosaic"}})
	c.refused(fault.NotFound, teacher(), "layout.change", &LayoutChange{SceneID: a, Layout: LayoutChoice{Name: "camera", Spotlight: who("Nobody")}})
	c.do(teacher(), "layout.change", &LayoutChange{SceneID: a, Layout: LayoutChoice{Name: "camera", Spotlight: who("Sam")}})
	c.noop(teacher(), "layout.change", &LayoutChange{SceneID: a, Layout: LayoutChoice{Name: "camera", Spotlight: who("Sam")}})
	if got := c.s.Studio.scene(a).Layout; got != (event.Layout{Name: "camera", Spotlight: who("Sam")}) {
		t.Errorf("layout: got %+v", got)
	}
	c.do(teacher(), "scene.delete", &SceneDelete{SceneID: b})
	if c.s.Studio.scene(b) != nil {
		t.Error("a deleted scene is still there")
	}
	for len(c.s.Studio.Scenes) < limits.Scenes {
		c.scene("more", 5)
	}
	c.refused(fault.LimitReached, teacher(), "scene.create", &SceneCreate{Name: "x", Layout: LayoutChoice{Name: "grid"}})
	c.finish()
}

func TestSlidesAndAssets(t *testing.T) {
	c := liveClass(t, student("Sam"))
	shown, other := c.scene("shown", 1), c.scene("other", 2)
	deck := c.slides(3)
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: shown})
	marks := len(c.s.Timeline)
	for _, bad := range []int{-1, 3} {
		c.refused(fault.InvalidField, teacher(), "slide.change", &SlideChange{SceneID: shown, AssetID: deck, PageIndex: bad})
	}
	c.refused(fault.NotFound, teacher(), "slide.change", &SlideChange{SceneID: shown, AssetID: who("nothing")})
	c.refused(fault.NotFound, teacher(), "slide.change", &SlideChange{SceneID: who("nowhere"), AssetID: deck})
	c.do(teacher(), "slide.change", &SlideChange{SceneID: shown, AssetID: deck, PageIndex: 2})
	c.noop(teacher(), "slide.change", &SlideChange{SceneID: shown, AssetID: deck, PageIndex: 2})
	c.do(teacher(), "slide.change", &SlideChange{SceneID: other, AssetID: deck, PageIndex: 1})
	if got := c.s.Timeline[marks:]; len(got) != 1 || got[0].Kind != "slide" || got[0].Page != 2 || got[0].Title.V != "Fractions" {
		t.Errorf("marks of what was on screen: got %+v", got)
	}
	c.refused(fault.WrongState, teacher(), "asset.remove", &AssetRemove{AssetID: deck})
	c.refused(fault.NotFound, teacher(), "asset.remove", &AssetRemove{AssetID: who("nothing")})
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: c.scene("empty", 3)})
	c.do(teacher(), "asset.remove", &AssetRemove{AssetID: deck})
	for _, id := range []event.ID{shown, other} {
		if sc := c.s.Studio.scene(id); !sc.AssetID.IsZero() || sc.Page != 0 {
			t.Errorf("a scene still shows the removed asset: %+v", sc)
		}
	}
	for _, bad := range []AssetAdd{{Pages: 1, Digest: event.Hash{1}}, {Size: 1, Digest: event.Hash{1}}, {Size: 1, Pages: 1},
		{Size: limits.AssetBytes + 1, Pages: 1, Digest: event.Hash{1}}} {
		bad.Kind, bad.Name, bad.ContentType = "slide", "x", "image/png"
		c.refused(fault.InvalidField, teacher(), "asset.add", &bad)
	}
	c.finish()
	for len(c.s.Studio.Assets) < limits.Assets {
		c.slides(1)
	}
	c.refused(fault.LimitReached, teacher(), "asset.add", &AssetAdd{Kind: "slide", Name: "x", ContentType: "image/png", Size: 1, Digest: event.Hash{1}, Pages: 1})
}

func TestTimelineKeepsTheLatestMarks(t *testing.T) {
	c := liveClass(t, student("Sam"))
	for i := range limits.MarkWindow + 5 {
		c.do(teacher(), "chapter.mark", &ChapterMark{Title: fmt.Sprint("part ", i)})
	}
	if got := len(c.s.Timeline); got != limits.MarkWindow {
		t.Fatalf("%d marks, want %d", got, limits.MarkWindow)
	}
	last := c.s.Timeline[limits.MarkWindow-1]
	if last.Title.V != fmt.Sprint("part ", limits.MarkWindow+4) || last.Sequence != c.s.Sequence || last.UserID != who("Tess") {
		t.Errorf("latest mark: got %+v", last)
	}
	checkLaw(t, c.s.SessionID, c.events, who("Sam"))
}
