package features

import (
	"slices"
	"strings"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// LongestDrill bounds a drill, so that none is forgotten.
const LongestDrill = time.Hour

// Drill is a fault put into a feature on purpose.
type Drill struct {
	Fault string    `json:"fault"` // refuse, hang or crash
	Until time.Time `json:"until"`
}

var drills = map[string]string{"refuse": Refused, "hang": Hanging, "crash": Crashed}

// Drill puts a fault into a feature for some time. Returns fault.InvalidField, with nothing changed, for a feature, a
// fault or a time that there is not.
func (s *Set) Drill(feature, kind string, span time.Duration) error {
	b, known := s.boundaries[feature]
	if !known {
		return noFeature(feature)
	}
	if err := CheckDrill(kind, span); err != nil {
		return err
	}
	s.mu.Lock()
	b.drill = &Drill{Fault: kind, Until: s.now().Add(span)}
	s.mu.Unlock()
	s.log.Warn("drill began", "feature", feature, "fault", kind, "for", span.String())
	return nil
}

// CheckDrill refuses a fault or a time that no drill has.
func CheckDrill(kind string, span time.Duration) error {
	switch {
	case drills[kind] == "":
		return fault.At(fault.InvalidField, "fault", "A drill is to refuse, hang or crash, not %q.", kind)
	case span <= 0 || span > LongestDrill:
		return fault.At(fault.InvalidField, "seconds", "A drill lasts from one second to %s.", LongestDrill)
	}
	return nil
}

func noFeature(name string) error {
	return fault.At(fault.InvalidField, "feature", "There is no feature %q to be drilled. The features are %s and presence.", name, strings.Join(Names(), ", "))
}

// EndDrill takes the fault out again; the feature comes back as after any other failure.
func (s *Set) EndDrill(feature string) error {
	b, known := s.boundaries[feature]
	if !known {
		return noFeature(feature)
	}
	s.mu.Lock()
	b.drill = nil
	s.mu.Unlock()
	s.log.Warn("drill ended", "feature", feature)
	return nil
}

// drillAt gives the reason that a drill makes at a time, "" without one.
func (b *boundary) drillAt(now time.Time) string {
	if b.drill == nil || !now.Before(b.drill.Until) {
		return ""
	}
	return drills[b.drill.Fault]
}

// Decide is session.Decide, with the crashes of drills in it. It is what the orchestrator decides by.
func (s *Set) Decide(state *session.State, c session.Command) ([]event.Fact, error) {
	if b := s.boundaries[Of(c.Type)]; b != nil {
		s.mu.Lock()
		crash := b.drillAt(s.now()) == Crashed
		s.mu.Unlock()
		if crash {
			panic("drill: the feature " + b.name + " crashes")
		}
	}
	return session.Decide(state, c)
}

// studio are the features whose rules are core, so that no log of a class may switch them off; when their code fails, the
// last good scene, slide, board and call to action stay on screen.
var studio = map[string]string{"scene": "scenes", "layout": "scenes", "slide": "slides", "asset": "slides", "board": "board", "cta": "ctas"}

// core lists commands of the box and of safety that no boundary holds up.
var core = []string{"chat.settings"}

// Of gives the feature that a command belongs to, "" for those that a class can't be without.
func Of(command string) string {
	t, known := session.CommandOf(command)
	if !known || slices.Contains(core, command) {
		return ""
	}
	if t.Feature != "" {
		return t.Feature
	}
	family, _, _ := strings.Cut(command, ".")
	return studio[family]
}
