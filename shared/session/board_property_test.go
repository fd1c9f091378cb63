package session

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// The sums were made with another program (Python's hashlib and json) from the comment of boardChange alone.
func TestBoardChecksum(t *testing.T) {
	asset, scene, stroke := event.MustID("0190a7c8-5e2b-7cc0-8000-00000000000a"), event.MustID("0190a7c8-5e2b-7cc0-8000-00000000000b"),
		event.MustID("0190a7c8-5e2b-7cc0-8000-00000000000c")
	text := func(s event.Text) event.Hash {
		sum, err := sumOfDraw(event.Hash{}, &event.WhiteboardUpdated{SceneID: scene, AssetID: asset, Operations: []event.Operation{
			{Op: "draw", StrokeID: stroke, Stroke: &event.Stroke{Kind: "text", Color: "#00ff7f", Width: 12, Points: []int{0, 65535}, Text: s}},
			{Op: "erase", StrokeID: asset}}})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	drawn := text(event.Plain("x < ½"))
	undone, err := sumOfUndo(drawn, &event.BoardUndone{SceneID: scene, AssetID: asset, Hide: []event.ID{stroke}})
	if err != nil {
		t.Fatal(err)
	}
	cleared, err := sumOfClear(undone, &event.BoardCleared{SceneID: scene, AssetID: asset})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{drawn.String(), undone.String(), cleared.String()}
	want := []string{
		"4ab7c17dbadddbf281828c2031533160b96f5562240b0d934bae19f962c1de1e",
		"b0897b76e7c36567226d55a1107bd20afc5d01910fa31ada7a1e438953611267",
		"63bfe00da49743a3c97871822301335a528b0bac17d7c999cff47198b31786c5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if text(event.Text{Erased: true}) != drawn {
		t.Error("the erasure of a text changes the checksum")
	}
}

// boardModel says what a page holds by other means: it keeps every visible stroke and what each person could take back.
type boardModel struct {
	visible map[event.ID]bool
	drawn   map[event.ID]bool
	points  int
	steps   map[event.ID][]UndoStep
	sum     event.Hash
}

func (m *boardModel) add(sum event.Hash, text string) bool {
	m.sum = sha256.Sum256(append(m.sum[:], text...))
	return m.sum == sum
}

// take applies a fact and reports whether its checksum is right.
func (m *boardModel) take(e *event.Opened) bool {
	ids := func(list []event.ID) string {
		out := make([]string, 0, len(list))
		for _, id := range list {
			out = append(out, `"`+id.String()+`"`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	switch p := e.Payload.(type) {
	case *event.WhiteboardUpdated:
		var ops []string
		var step UndoStep
		for _, op := range p.Operations {
			if op.Op == "erase" {
				m.visible[op.StrokeID] = false
				step.Erased = append(step.Erased, op.StrokeID)
				ops = append(ops, fmt.Sprintf(`{"op":"erase","strokeId":"%s"}`, op.StrokeID))
				continue
			}
			s := op.Stroke
			m.visible[op.StrokeID], m.drawn[op.StrokeID] = true, true
			m.points += len(s.Points)
			step.Drawn = append(step.Drawn, op.StrokeID)
			ops = append(ops, fmt.Sprintf(`{"op":"draw","stroke":{"color":"%s","kind":"%s","points":%s,"press":%v,"width":%d},"strokeId":"%s"}`,
				s.Color, s.Kind, strings.ReplaceAll(fmt.Sprint(s.Points), " ", ","), s.Press, s.Width, op.StrokeID))
		}
		m.steps[e.ActorID] = append(m.steps[e.ActorID], step)
		return m.add(p.Checksum, fmt.Sprintf(`{"assetId":"%s","change":"draw","operations":[%s],"sceneId":"%s"}`, p.AssetID, strings.Join(ops, ","), p.SceneID))
	case *event.BoardUndone:
		for steps := m.steps[e.ActorID]; ; steps = m.steps[e.ActorID] { // passed over: steps without effect
			last := steps[len(steps)-1]
			m.steps[e.ActorID] = steps[:len(steps)-1]
			if slices.ContainsFunc(last.Drawn, func(id event.ID) bool { return m.visible[id] }) ||
				slices.ContainsFunc(last.Erased, func(id event.ID) bool { return !m.visible[id] }) {
				for _, id := range last.Drawn {
					m.visible[id] = false
				}
				for _, id := range last.Erased {
					m.visible[id] = true
				}
				break
			}
		}
		return m.add(p.Checksum, fmt.Sprintf(`{"assetId":"%s","change":"undo","hide":%s,"sceneId":"%s","show":%s}`, p.AssetID, ids(p.Hide), p.SceneID, ids(p.Show)))
	case *event.BoardCleared:
		m.visible, m.drawn, m.points, m.steps = map[event.ID]bool{}, map[event.ID]bool{}, 0, map[event.ID][]UndoStep{}
		return m.add(p.Checksum, fmt.Sprintf(`{"assetId":"%s","change":"clear","sceneId":"%s"}`, p.AssetID, p.SceneID))
	}
	return true
}

// TestBoardHoldsWhatWasDrawn gives random changes of three people to a page and compares it with the model after each.
func TestBoardHoldsWhatWasDrawn(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		people := []Actor{teacher(), student("Sam"), student("Pia")}
		c := liveClass(t, people[1:]...)
		scene, page := c.board()
		other := c.scene("other", 2)
		m := &boardModel{visible: map[event.ID]bool{}, drawn: map[event.ID]bool{}, steps: map[event.ID][]UndoStep{}}
		for range 100 {
			by := people[rnd.IntN(len(people))]
			var typ string
			var payload any
			switch n := rnd.IntN(20); {
			case n < 9:
				var ops []BoardOperation
				for range 1 + rnd.IntN(3) {
					if strokes := c.s.Studio.page(page).Strokes; len(strokes) > 0 && rnd.IntN(3) == 0 {
						ops = append(ops, erase(strokes[rnd.IntN(len(strokes))].ID))
					} else {
						ops = append(ops, pen(1+rnd.IntN(400)))
					}
				}
				typ, payload = "board.draw", &BoardDraw{SceneID: scene, AssetID: page, Operations: ops}
			case n < 16:
				typ, payload = "board.undo", &BoardUndo{SceneID: scene, AssetID: page}
			case n < 17:
				typ, payload = "board.clear", &BoardClear{SceneID: scene, AssetID: page}
			case n < 19: // the page goes off the screen and comes back
				typ, payload = "scene.switch", &SceneSwitch{SceneID: []event.ID{scene, other}[rnd.IntN(2)]}
			default:
				typ, payload = "slide.change", &SlideChange{SceneID: scene, AssetID: page}
			}
			facts, err := c.decide(by, typ, payload)
			if err != nil && typ != "board.draw" { // students may not erase what others drew
				t.Fatalf("seed %d: %s: %v", seed, typ, err)
			}
			for _, e := range c.append(by.UserID, facts...) {
				if !m.take(&e) {
					t.Fatalf("seed %d, event %d %s: the checksum is not that of its change", seed, e.Sequence, e.Type)
				}
			}
			m.compare(t, seed, c.s.Studio.page(page))
		}
		if seed < 1 { // the law costs a view of everything after each event
			c.finish()
		}
	}
}

func (m *boardModel) compare(t *testing.T, seed uint64, page *event.BoardPage) {
	t.Helper()
	if page.Points != m.points || page.Large != (m.points > limits.PagePoints) || page.Checksum != m.sum || len(page.Strokes) != len(m.drawn) {
		t.Fatalf("seed %d: %d points, large %v, %d strokes; want %d points and %d strokes", seed, page.Points, page.Large, len(page.Strokes), m.points, len(m.drawn))
	}
	for _, b := range page.Strokes {
		if b.Hidden == m.visible[b.ID] {
			t.Fatalf("seed %d: stroke %s hidden %v, want %v", seed, b.ID, b.Hidden, !m.visible[b.ID])
		}
	}
}
