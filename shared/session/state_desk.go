package session

import "multistream/shared/event"

// Desk is what staff see beyond what everybody sees.
type Desk struct {
	JoinCode     string                 `json:"joinCode,omitzero"`
	Words        Words                  `json:"words,omitzero" personal:"wordsBy"` // of the filter
	WordsBy      event.ID               `json:"wordsBy,omitzero"`                  // who set them
	Planned      []event.ID             `json:"planned,omitempty"`                 // destinations of the plan
	Waiting      []Waiting              `json:"waiting"`
	Reports      []Report               `json:"reports"`             // open ones
	Claims       map[string]Claim       `json:"claims"`              // by item id
	Destinations map[string]Destination `json:"destinations"`        // by destination id
	Unfocused    map[string]bool        `json:"unfocused"`           // exam: by user id, page out of focus
	Banned       map[string]bool        `json:"banned"`              // by user id
	RecorderOn   event.ID               `json:"recorderOn,omitzero"` // armed recorder
	MediaURL     string                 `json:"mediaUrl,omitzero"`   // of the newest finished recording
}

// Words are those of the word filter. Where who set them was erased there are none.
type Words = event.Personal[[]string]

// Waiting is somebody in the waiting room.
type Waiting struct {
	UserID      event.ID   `json:"userId"`
	Role        string     `json:"role"`
	DisplayName event.Text `json:"displayName" personal:"userId"`
	Guest       bool       `json:"guest,omitzero"`
	Admitted    bool       `json:"admitted,omitzero"` // may come in as soon as the class starts
	Since       event.Time `json:"since"`
}

// Report is a reported message.
type Report struct {
	ReportID  event.ID        `json:"reportId"`
	MessageID event.ID        `json:"messageId"`
	UserID    event.ID        `json:"userId"`
	Reason    string          `json:"reason"`
	Note      event.Text      `json:"note,omitzero" personal:"userId"`
	AuthorID  event.ID        `json:"authorId"`
	Content   event.Text      `json:"content" personal:"authorId"`
	To        event.Recipient `json:"to"`
	At        event.Time      `json:"at"`
}

// Claim says which of the staff deals with an item.
type Claim struct {
	UserID event.ID `json:"userId"`
	Kind   string   `json:"kind"`
}

// Destination is where the class is sent.
type Destination struct {
	Name   event.Text `json:"name" personal:"userId"`
	UserID event.ID   `json:"userId"`
	Status string     `json:"status"` // enabled, live, failed, disabled, stopped
	Reason string     `json:"reason,omitzero"`
}

// Private is what decisions need and no view shows.
type Private struct {
	At         event.Time                  `json:"at"`                 // createdAt of the latest event
	Quiet      map[string]bool             `json:"quiet"`              // by user id: students see them as a count only
	Paged      map[string]bool             `json:"paged"`              // by user id: beyond the roster of a view
	Admitted   map[string]bool             `json:"admitted"`           // by user id: may join though the waiting room is on
	Denied     map[string]bool             `json:"denied"`             // by user id
	Removed    map[string]bool             `json:"removed"`            // by user id: needs admission to come back
	Roles      map[string]string           `json:"roles"`              // by user id: role set by permission.changed, outlives leaving
	Grants     map[string][]string         `json:"grants"`             // by user id: likewise
	LastChat   map[string]event.Time       `json:"lastChat"`           // by user id: slow mode
	Upvotes    map[string]map[string]bool  `json:"upvotes"`            // by question id, user id
	Votes      map[string]map[string][]int `json:"votes"`              // by poll id, user or voter id
	Undo       map[string][]UndoStep       `json:"undo"`               // by page and user id, oldest first
	Expected   []Waiting                   `json:"expected,omitempty"` // guests who were let in and did not enter yet: nobody else knows their names
	RefreshAll int64                       `json:"refreshAll"`         // sequence of the last event that changed what people may see of others
}

// UndoStep is one change of a page that its author can take back.
type UndoStep struct {
	Drawn  []event.ID `json:"drawn,omitempty"`
	Erased []event.ID `json:"erased,omitempty"`
}
