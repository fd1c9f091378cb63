package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func TestEraseAndUndo(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	scene, page := c.board()
	undo := &BoardUndo{SceneID: scene, AssetID: page}
	a := c.draws(sam, scene, page, pen(2))[0]
	b := c.draws(pia, scene, page, pen(2))[0]
	c.refused(fault.Forbidden, sam, "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{erase(b)}})
	c.refused(fault.NotFound, sam, "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{erase(who("x"))}})
	c.draws(teacher(), scene, page, erase(a), erase(a), erase(b))
	if got := c.events[len(c.events)-1].Payload.(*event.WhiteboardUpdated).Operations; len(got) != 2 {
		t.Errorf("erased twice in one change: %+v", got)
	}
	c.noop(teacher(), "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{erase(a)}})
	c.noop(sam, "board.undo", undo) // what Sam drew is gone already
	c.do(teacher(), "board.undo", undo)
	if got := c.visible(page); !slices.Equal(got, []event.ID{a, b}) {
		t.Errorf("after the undo of an erasure: %v, want %v", got, []event.ID{a, b})
	}
	c.noop(teacher(), "board.undo", undo)
	c.do(sam, "board.undo", undo)
	if got := c.visible(page); !slices.Equal(got, []event.ID{b}) {
		t.Errorf("after Sam's undo: %v, want %v", got, []event.ID{b})
	}
	c.do(teacher(), "board.clear", &BoardClear{SceneID: scene, AssetID: page})
	c.noop(teacher(), "board.clear", &BoardClear{SceneID: scene, AssetID: page})
	c.noop(pia, "board.undo", undo)
	if len(c.s.Private.Undo) > 0 {
		t.Errorf("a cleared page leaves undo steps: %v", c.s.Private.Undo)
	}
	for range limits.UndoDepth + 3 {
		c.draws(sam, scene, page, pen(1))
	}
	for range limits.UndoDepth {
		c.do(sam, "board.undo", undo)
	}
	c.noop(sam, "board.undo", undo)
	if got := len(c.visible(page)); got != 3 {
		t.Errorf("%d strokes are left after %d undos, want 3", got, limits.UndoDepth)
	}
	c.finish()
}

func TestErasingTwice(t *testing.T) {
	c := liveClass(t, student("Sam"))
	scene, page := c.board()
	a := c.draws(teacher(), scene, page, pen(2))[0]
	for _, by := range []string{"Tess", "Sam"} {
		c.append(who(by), event.Fact{Type: event.TypeWhiteboardUpdated, Payload: &event.WhiteboardUpdated{SceneID: scene, AssetID: page,
			Operations: []event.Operation{{Op: "erase", StrokeID: a}}}})
	}
	c.noop(student("Sam"), "board.undo", &BoardUndo{SceneID: scene, AssetID: page})
	c.finish()
}

func TestLargePages(t *testing.T) {
	sam := student("Sam")
	c := liveClass(t, sam)
	scene, page := c.board()
	c.draws(teacher(), scene, page, pen(limits.PagePoints/4), pen(limits.PagePoints/4))
	if p := c.s.Studio.page(page); p.Large || p.Points != limits.PagePoints {
		t.Fatalf("at the limit: large %v, %d points", p.Large, p.Points)
	}
	c.draws(teacher(), scene, page, pen(1))
	c.do(teacher(), "board.undo", &BoardUndo{SceneID: scene, AssetID: page})
	p := c.s.Studio.page(page)
	if !p.Large || len(p.Strokes) != 3 {
		t.Errorf("beyond the limit: large %v, %d strokes kept; want both, undone or not", p.Large, len(p.Strokes))
	}
	if seen := View(c.s, sam.UserID).Studio.page(page); !seen.Large || seen.Strokes != nil || seen.Checksum != p.Checksum {
		t.Errorf("a view of a large page: %+v", seen)
	}
	e := event.Opened{Type: event.TypeSceneChanged, Sequence: c.s.Sequence + 1, Payload: &event.SceneChanged{SceneID: scene}}
	d := Deliver(c.s, &e)
	if shown := d.Members.(*event.SceneChanged).Page; !shown.Large || shown.Strokes != nil || shown.Points != p.Points {
		t.Errorf("a copy with a large page: %+v", shown)
	}
	p.Points = limits.PagePointsMax - 3
	c.refused(fault.LimitReached, teacher(), "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: []BoardOperation{pen(2)}})
	p.Points = limits.PagePoints + 2
	c.do(teacher(), "board.clear", &BoardClear{SceneID: scene, AssetID: page})
	if p := c.s.Studio.page(page); p.Large || p.Points != 0 || p.Strokes != nil {
		t.Errorf("cleared: %+v", p)
	}
	c.finish()
}
