package event

import (
	"errors"
	"fmt"
	"slices"
)

// Closed says what may no longer follow in a session. The zero Closed is that of a session that goes on.
type Closed struct {
	By       string // the type that closed the session, if one did: session.ended or session.cancelled
	Archived bool
}

// afterwards are the types that may follow once a session has ended or was cancelled, frozen for BundleVersion 1: types that
// are newer than this program may not follow either.
var afterwards = []string{
	TypeRecordingFinalized, TypeRecordingFailed, TypeParticipantLeft, TypeDestinationStopped, TypeConsentWithdrawn, TypeSessionArchived, TypeSessionTransferred,
}

// After is what holds once e has followed.
func (c Closed) After(e *Event) Closed {
	if c.By == "" && (e.Type == TypeSessionEnded || e.Type == TypeSessionCancelled) {
		c.By = e.Type
	}
	c.Archived = c.Archived || e.Type == TypeSessionArchived
	return c
}

func (c Closed) check(e *Event) error {
	if c.By != "" && !slices.Contains(afterwards, e.Type) || c.Archived && e.Type == TypeSessionArchived {
		return fmt.Errorf("sequence %d: %s after %s", e.Sequence, clip(e.Type), c.By)
	}
	return nil
}

// Follows returns an error naming each rule of docs/events.md, section 3, that e breaks after previous, the last event of its session
// (nil for none), but rule 6, which only who has the whole log can check: no id and no key of an actor comes twice. Of previous it
// looks at tenant, session, epoch, sequence, edge, time and hash, so who keeps only those of each session can ask too.
func (e *Event) Follows(previous *Event, closed Closed) error {
	return errors.Join(e.Verify(previous), e.checkEnvelope(), e.checkTerm(previous), closed.check(e))
}
