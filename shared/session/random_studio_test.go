package session_test

import (
	"crypto/sha256"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

func (c *randomClass) layout() session.LayoutChoice {
	l := session.LayoutChoice{Name: pick(c, []string{"slide", "camera", "board", "grid", "title"})}
	if c.chance(3) {
		l.Spotlight = c.user()
	}
	return l
}

func (c *randomClass) scene() session.Scene {
	if c.chance(2) {
		for _, s := range c.State.Studio.Scenes {
			if s.SceneID == c.State.Studio.Current {
				return s
			}
		}
	}
	return pick(c, c.State.Studio.Scenes)
}

func createScene(c *randomClass) {
	c.give(staffOrTeacher(c), "scene.create", &session.SceneCreate{Name: c.secret(insideOnly), Layout: c.layout(), Order: c.rnd.IntN(5)})
}

func updateScene(c *randomClass) {
	c.give(staffOrTeacher(c), "scene.update", &session.SceneUpdate{SceneID: c.scene().SceneID, Name: c.secret(insideOnly), Layout: c.layout(), Order: c.rnd.IntN(5)})
}

func deleteScene(c *randomClass) {
	if !c.chance(3) {
		c.give(c.people[0], "scene.delete", &session.SceneDelete{SceneID: c.scene().SceneID})
	}
}

func switchScene(c *randomClass) {
	c.give(staffOrTeacher(c), "scene.switch", &session.SceneSwitch{SceneID: c.scene().SceneID})
}

func layout(c *randomClass) {
	c.give(staffOrTeacher(c), "layout.change", &session.LayoutChange{SceneID: c.scene().SceneID, Layout: c.layout()})
}

func slide(c *randomClass) {
	s := c.scene()
	p := &session.SlideChange{SceneID: s.SceneID}
	if len(s.Boards) > 0 && c.chance(2) {
		p.AssetID = pick(c, s.Boards)
	} else {
		a := pick(c, c.State.Studio.Assets)
		p.AssetID, p.PageIndex = a.AssetID, c.rnd.IntN(a.Pages+1)
	}
	c.give(staffOrTeacher(c), "slide.change", p)
}

func addAsset(c *randomClass) {
	c.give(staffOrTeacher(c), "asset.add", &session.AssetAdd{Kind: "slide", Name: c.secret(insideOnly), ContentType: "application/pdf", Size: 10,
		Digest: sha256.Sum256([]byte{byte(c.keys)}), Pages: 1 + c.rnd.IntN(9)})
}

func removeAsset(c *randomClass) {
	if c.chance(3) {
		c.give(staffOrTeacher(c), "asset.remove", &session.AssetRemove{AssetID: pick(c, c.State.Studio.Assets).AssetID})
	}
}

func draw(c *randomClass) {
	s := c.scene()
	p := &session.BoardDraw{SceneID: s.SceneID, AssetID: pick(c, s.Boards)}
	for range 1 + c.rnd.IntN(3) {
		n := 2 + 2*c.rnd.IntN(20)
		if c.chance(80) { // some pages become too large for a view
			n = 2998
		}
		stroke := &session.NewStroke{Kind: "pen", Color: "#102030", Width: 9, Points: make([]int, n)}
		for i := range stroke.Points {
			stroke.Points[i] = c.rnd.IntN(65536)
		}
		if c.chance(4) {
			*stroke = session.NewStroke{Kind: "text", Color: "#102030", Width: 9, Points: []int{1, 2}, Text: c.secret(insideOnly)}
		}
		p.Operations = append(p.Operations, session.BoardOperation{Op: "draw", Stroke: stroke})
	}
	c.give(c.anybody(), "board.draw", p)
}

func (c *randomClass) page() (session.Scene, event.BoardPage) {
	s := c.scene()
	id := pick(c, s.Boards)
	for _, p := range c.State.Studio.Pages {
		if p.AssetID == id {
			return s, p
		}
	}
	return s, event.BoardPage{}
}

func erase(c *randomClass) {
	s, page := c.page()
	p := &session.BoardDraw{SceneID: s.SceneID, AssetID: page.AssetID}
	for range 1 + c.rnd.IntN(3) {
		p.Operations = append(p.Operations, session.BoardOperation{Op: "erase", StrokeID: pick(c, page.Strokes).ID})
	}
	c.give(c.anybody(), "board.draw", p)
}

func undo(c *randomClass) {
	s, page := c.page()
	c.give(c.anybody(), "board.undo", &session.BoardUndo{SceneID: s.SceneID, AssetID: page.AssetID})
}

func clear(c *randomClass) {
	if s, page := c.page(); c.chance(3) {
		c.give(staffOrTeacher(c), "board.clear", &session.BoardClear{SceneID: s.SceneID, AssetID: page.AssetID})
	}
}

func addPage(c *randomClass) {
	c.give(staffOrTeacher(c), "board.add_page", &session.BoardAddPage{SceneID: c.scene().SceneID})
}

func note(c *randomClass) {
	who, audience := insideOnly, "all"
	if c.chance(2) {
		who, audience = staffOnly, "staff"
	}
	c.give(staffOrTeacher(c), "note.add", &session.NoteAdd{Content: c.secret(who), Audience: audience})
}

func caption(c *randomClass) {
	c.give(classscript.Box, "caption.add", &session.CaptionAdd{Language: "en", StartMs: 1, EndMs: 2, Text: c.secret(insideOnly)})
}

func chapter(c *randomClass) {
	c.give(staffOrTeacher(c), "chapter.mark", &session.ChapterMark{Title: c.secret(insideOnly)})
}

func cta(c *randomClass) {
	if c.chance(2) {
		c.give(staffOrTeacher(c), "cta.hide", &session.CTAHide{})
		return
	}
	c.give(staffOrTeacher(c), "cta.show", &session.CTAShow{Label: c.secret(insideOnly), URL: "https://school.example"})
}

func settings(c *randomClass) {
	yes, other := c.chance(2), !c.chance(4)
	visibility := pick(c, []string{"all", "staff"})
	c.give(staffOrTeacher(c), "session.settings", pick(c, []*session.SessionSettings{{WaitingRoom: &yes}, {Visibility: &visibility},
		{Visibility: &visibility}, {Questions: &other}, {Polls: &other}, {Hands: &other}, {Reactions: &other}, {Captions: &other}}))
}

func lock(c *randomClass) {
	if c.chance(2) {
		c.give(staffOrTeacher(c), "session.lock", &session.SessionLock{})
		return
	}
	c.give(staffOrTeacher(c), "session.unlock", &session.SessionUnlock{})
}

func exam(c *randomClass) {
	if c.chance(3) {
		c.give(staffOrTeacher(c), "exam.start", &session.ExamStart{})
		return
	}
	c.give(staffOrTeacher(c), "exam.end", &session.ExamEnd{})
}

func focus(c *randomClass) {
	c.give(c.student(), "exam.focus", &session.ExamFocus{Focused: c.chance(2)})
}

func feature(c *randomClass) {
	name := pick(c, []string{"captions", "polls", "notes"})
	if c.chance(3) {
		c.give(classscript.Box, "feature.degrade", &session.FeatureDegrade{Feature: name, Reason: "crashed"})
		return
	}
	c.give(classscript.Box, "feature.restore", &session.FeatureRestore{Feature: name})
}

func media(c *randomClass) {
	switch c.rnd.IntN(3) {
	case 0:
		c.give(classscript.Box, "media.degrade", &session.MediaDegrade{Reason: "quota"})
	case 1:
		c.give(classscript.Box, "media.restore", &session.MediaRestore{})
	default:
		c.give(classscript.Box, "media.move", &session.MediaMove{Server: pick(c, []string{"one", "two"})})
	}
}

func record(c *randomClass) {
	id := c.State.Desk.RecorderOn
	if c.State.Recording != nil {
		id = c.State.Recording.RecordingID
	}
	by := c.staff()
	switch n := c.rnd.IntN(9); {
	case n < 2:
		c.give(classscript.Box, "recording.arm", &session.RecordingArm{})
		c.give(by, "recording.start", &session.RecordingStart{})
	case n < 4:
		c.give(by, "recording.pause", &session.RecordingPause{})
		if c.chance(2) {
			c.give(by, "recording.resume", &session.RecordingResume{})
		}
	case n < 6:
		c.give(by, "recording.resume", &session.RecordingResume{})
	case n < 7:
		c.give(by, "recording.stop", &session.RecordingStop{})
		c.give(classscript.Box, "recording.finalize", &session.RecordingFinalize{RecordingID: id, MediaURL: c.secret(staffOnly), Digest: event.Hash{1}})
	case n < 8:
		c.give(classscript.Box, "recording.finalize", &session.RecordingFinalize{RecordingID: id, MediaURL: c.secret(staffOnly), Digest: event.Hash{1}})
	default:
		c.give(classscript.Box, "recording.fail", &session.RecordingFail{RecordingID: id, Reason: "disk"})
	}
}

func destination(c *randomClass) {
	id := classscript.NameID(pick(c, []string{"youtube", "twitch"}))
	switch c.rnd.IntN(5) {
	case 0:
		c.give(c.people[0], "destination.enable", &session.DestinationEnable{DestinationID: id, Name: c.secret(staffOnly)})
	case 1:
		c.give(c.people[0], "destination.disable", &session.DestinationDisable{DestinationID: id})
	case 2:
		c.give(classscript.Box, "destination.live", &session.DestinationGoLive{DestinationID: id})
	case 3:
		c.give(classscript.Box, "destination.fail", &session.DestinationFail{DestinationID: id, Reason: "stalled"})
	default:
		c.give(classscript.Box, "destination.stop", &session.DestinationStop{DestinationID: id})
	}
}

func halt(c *randomClass) {
	if c.chance(5) {
		c.give(classscript.Box, "session.halt", &session.SessionHalt{Reason: "log_unavailable"})
	}
	if c.chance(2) {
		c.give(classscript.Box, "session.resume", &session.SessionResume{Reason: "log_unavailable"})
	}
}

func ending(c *randomClass) {
	switch c.rnd.IntN(12) {
	case 0:
		c.give(c.people[0], "session.end", &session.SessionEnd{})
		if c.chance(2) {
			c.give(c.people[0], "session.undo_end", &session.SessionUndoEnd{})
		}
	case 1, 2:
		c.give(c.people[0], "session.undo_end", &session.SessionUndoEnd{})
	case 3, 4:
		c.give(classscript.Box, "session.end_now", &session.SessionEndNow{})
	}
}
