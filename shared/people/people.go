// Package people holds what is asked of and answered by the API of a school's people and courses: what an edge serves until a
// hub rules it, and the hub after that. Requests name their limits in tags, as commands of a class do.
package people

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// User is a person as administrators see them.
type User struct {
	ID                 event.ID         `json:"id"`
	Email              string           `json:"email,omitempty"`
	Username           string           `json:"username,omitempty"`
	DisplayName        string           `json:"displayName"`
	Status             string           `json:"status" enum:"active,disabled"`
	Roles              []directory.Role `json:"roles"`
	MustChangePassword bool             `json:"mustChangePassword"`
	HasPassword        bool             `json:"hasPassword"`
	Version            string           `json:"version"`                   // of all above; give it with a change
	OneTimePassword    string           `json:"oneTimePassword,omitempty"` // in the answer of the request that made it only
}

// UserPage is a page of people, by name.
type UserPage struct {
	Users []User    `json:"users"`
	Next  *event.ID `json:"next"` // give it as after for the next page; null: there is no more
}

// ListUsers asks for a page of people.
type ListUsers struct{ directory.UserFilter }

// GetUser asks for a person.
type GetUser struct{ UserID event.ID }

// CreateUser adds a person, with a one-time password. Without any name to sign in by, a user name is made of the display name.
type CreateUser struct {
	Email       string           `json:"email,omitzero" optional:"true" limit:"email"`
	Username    string           `json:"username,omitzero" optional:"true" limit:"username"`
	DisplayName string           `json:"displayName" limit:"display_name"`
	Roles       []directory.Role `json:"roles" limit:"user_roles" enum:"teacher,student,assistant,admin"`
}

// ChangeUser changes what is given of a person; the rest stays. An empty email or username takes it away.
type ChangeUser struct {
	UserID      event.ID          `json:"userId"`
	Version     string            `json:"version" limit:"version"`
	Email       *string           `json:"email,omitzero" optional:"true" limit:"email_change"`
	Username    *string           `json:"username,omitzero" optional:"true" limit:"username_change"`
	DisplayName *string           `json:"displayName,omitzero" optional:"true" limit:"display_name"`
	Status      *string           `json:"status,omitzero" optional:"true" enum:"active,disabled"`
	Roles       *[]directory.Role `json:"roles,omitzero" optional:"true" limit:"user_roles" enum:"teacher,student,assistant,admin"`
}

// MakeCards gives people one-time passwords, to be printed; their sign-ins end.
type MakeCards struct {
	UserIDs []event.ID `json:"userIds" limit:"cards"`
}

// Cards are to be printed, cut apart and handed out: the passwords can't be read again.
type Cards struct {
	Cards []Card `json:"cards"`
}

// Card is how somebody signs in for the first time.
type Card struct {
	UserID          event.ID `json:"userId"`
	DisplayName     string   `json:"displayName"`
	Email           string   `json:"email,omitempty"`
	Username        string   `json:"username,omitempty"`
	OneTimePassword string   `json:"oneTimePassword"`
}

// Import adds the people of a CSV file: displayName, username, email, role, course. Preview tells what would happen.
type Import struct {
	Preview bool
	File    []byte
}

// Imported tells what an import did, or would do, row by row.
type Imported struct {
	Preview bool          `json:"preview"`
	Created int           `json:"created"`
	Present int           `json:"present"` // people who were here before: at most enrolled, never changed
	Refused int           `json:"refused"`
	Rows    []ImportedRow `json:"rows"`
}

// ImportedRow is one row of the file.
type ImportedRow struct {
	Line            int       `json:"line"` // in the file, from 1; the names of the columns are on the first
	Action          string    `json:"action" enum:"create,present,refuse"`
	Enrol           bool      `json:"enrol"`           // it puts the person into the course
	Field           string    `json:"field,omitempty"` // why it is refused
	Message         string    `json:"message,omitempty"`
	UserID          *event.ID `json:"userId"` // null in a preview of somebody new, and of a refused row
	DisplayName     string    `json:"displayName,omitempty"`
	Username        string    `json:"username,omitempty"`
	OneTimePassword string    `json:"oneTimePassword,omitempty"`
}

// AuditPage is a page of the audit, newest first.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    *int64       `json:"next"` // give it as before for the next page; null: there is no more
}

// AuditEntry is one fact about a school's people. Each hash covers the entry and the hash before it.
type AuditEntry struct {
	Number   int64      `json:"number"`
	At       event.Time `json:"at"`
	ActorID  *event.ID  `json:"actorId"` // null: nobody in particular
	Action   string     `json:"action"`
	TargetID *event.ID  `json:"targetId"`
	Details  any        `json:"details"`
	Hash     event.Hash `json:"hash"`
}

// ListAudit asks for a page of the audit.
type ListAudit struct {
	Before int64
	Limit  int
}
