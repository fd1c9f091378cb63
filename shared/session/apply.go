package session

import "multistream/shared/event"

// applier changes a state by one event of its type.
type applier func(*State, *event.Opened)

// on makes an applier of a function over the payload struct of a type.
func on[P any](f func(s *State, e *event.Opened, p *P)) applier {
	return func(s *State, e *event.Opened) {
		if p, ok := e.Payload.(*P); ok && p != nil {
			f(s, e, p)
		}
	}
}

var appliers = merge(lifecycleAppliers, rosterAppliers, handAppliers, mediaAppliers, studioAppliers, boardAppliers,
	chatAppliers, moderationAppliers, questionAppliers, pollAppliers, artifactAppliers)

// New gives the state of a session before its first event.
func New(session event.ID) *State {
	s := empty(session)
	s.alike = &alike{of: s}
	s.Chat.Windows = map[string][]ChatEntry{}
	s.Desk = newDesk()
	s.Private = &Private{
		Quiet: map[string]bool{}, Paged: map[string]bool{}, Admitted: map[string]bool{}, Denied: map[string]bool{},
		Removed: map[string]bool{}, Roles: map[string]string{}, Grants: map[string][]string{},
		LastChat: map[string]event.Time{}, Upvotes: map[string]map[string]bool{},
		Votes: map[string]map[string][]int{}, Undo: map[string][]UndoStep{},
	}
	return s
}

func empty(session event.ID) *State {
	return &State{SessionID: session, Reactions: map[string]int{}, Consents: map[string][]string{}, Features: map[string]Degraded{}}
}

func newDesk() *Desk {
	return &Desk{Claims: map[string]Claim{}, Destinations: map[string]Destination{}, Unfocused: map[string]bool{}, Banned: map[string]bool{}}
}

// Apply changes s by one event. It is total: an event happened, so it is never refused; one of an unknown type, or one
// that fits nothing in the state, only moves the position. It works on full states with events and on views with the
// copies made by Deliver. An event at or before the position changes nothing.
func Apply(s *State, e event.Opened) {
	if e.Sequence <= s.Sequence {
		return
	}
	s.Epoch, s.Sequence = e.Epoch, e.Sequence
	if s.Private != nil {
		s.Private.At = e.CreatedAt
	}
	if apply, known := appliers[e.Type]; known {
		apply(s, &e)
	}
	s.Roster.reindex()
	if s.alike != nil {
		s.alike.changed(s, &e)
	}
	if s.Viewer != nil {
		trim(s)
	}
}

// Fold applies events in order to the state before them.
func Fold(s *State, events []event.Opened) *State {
	for _, e := range events {
		Apply(s, e)
	}
	return s
}

// Advance moves a view's position over events that its viewer gets nothing of.
func Advance(view *State, epoch, upTo int64) {
	if upTo > view.Sequence {
		view.Epoch, view.Sequence = epoch, upTo
	}
}

func merge[V any](tables ...map[string]V) map[string]V {
	all := map[string]V{}
	for _, t := range tables {
		for name, v := range t {
			if _, twice := all[name]; twice {
				panic("session: two rules for " + name)
			}
			all[name] = v
		}
	}
	return all
}

// keep cuts a list to its last n entries. Dropped ones are freed when the array is full, for append then copies what is
// kept alone: once in many calls, where a fresh array for each would be most of the work of a message.
func keep[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }
