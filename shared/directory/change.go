package directory

import "multistream/shared/event"

// Copy is what an edge has of a school that a hub rules.
type Copy struct {
	TenantID    event.ID
	Lineage     event.ID   // of the hub's directory: another one after it was restored; absent: the school is not the edge's any more
	Version     int64      // everything up to here is in it
	AppliedAt   event.Time // when it last changed
	ConfirmedAt event.Time // when the hub last said that it has nothing newer
}

// Change is what a hub says of one school: what became of the copy since, or all there is. It is applied whole or not at all.
type Change struct {
	TenantID event.ID
	Before   Copy // that it follows; another one: it is refused
	Lineage  event.ID
	Version  int64
	Full     bool              // what is not in Rows is gone
	Rows     []Row             // in order, each key once
	Keys     []event.PersonKey // to be kept before the rows
	Left     bool              // the school is not this edge's any more: nobody signs in, its classes stay
	At       event.Time
}

// Applied is what a change means to those who are signed in; it is told once the change is durable.
type Applied struct {
	Stale []event.ID              // people whose roles changed: their tokens want refreshing
	Ended map[event.ID][]event.ID // sign-ins that are over, by person; those of nobody known under the absent id
	Plans int                     // that wait to be settled
}

// Outcome is what an edge answers to something that the hub asked of a class: a plan (by its session and revision) or a
// command (by its id, with revision 0). It is told until the hub has it.
type Outcome struct {
	TenantID event.ID
	ID       event.ID
	Revision int64
	Code     string // "": it is done; else a code of package fault
	Why      string // a sentence
}
