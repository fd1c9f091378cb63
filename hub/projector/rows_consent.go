package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var consentRules = map[string]rule{
	event.TypeConsentGiven: on(func(_ *session.State, e *Event, p *event.ConsentGiven) []Change {
		return consent(e, p.UserID, p.Purpose, true, p.ByID)
	}),
	event.TypeConsentWithdrawn: on(func(_ *session.State, e *Event, p *event.ConsentWithdrawn) []Change {
		return consent(e, p.UserID, p.Purpose, false, event.ID{})
	}),
}

// consent is a row of a table of the directory that other parts write too: it is added once for its event and never taken back, and
// the store gives it the next number of the person and purpose.
func consent(e *Event, person event.ID, purpose string, given bool, by event.ID) []Change {
	return []Change{{Table: Consents, Key: Columns{"event_id": e.ID}, First: Columns{"person_id": person, "purpose": purpose, "given": given, "given_by": by,
		"source": "class", "at": e.CreatedAt}}}
}
