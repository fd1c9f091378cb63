package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"multistream/shared/event"
)

// What rows say. Their JSON is what edge and hub agree on: fields are added, never given another meaning.
type (
	// SchoolRow is the school itself.
	SchoolRow struct {
		Name   string `json:"name"`
		Status string `json:"status"` // active, suspended
	}
	// DomainRow is a domain of the school, folded.
	DomainRow struct {
		Domain string `json:"domain"`
	}
	// PersonRow is a person, without their roles.
	PersonRow struct {
		ID           event.ID   `json:"id"`
		Email        string     `json:"email,omitzero"`
		Username     string     `json:"username,omitzero"`
		DisplayName  string     `json:"displayName"`
		Status       string     `json:"status"` // active, disabled
		PasswordHash string     `json:"passwordHash,omitzero"`
		MustChange   bool       `json:"mustChange,omitzero"`
		StaleUntil   event.Time `json:"staleUntil,omitzero"` // access tokens made up to then show roles that changed since
	}
	// GrantRow gives a person a role in the school, a course or a class.
	GrantRow struct {
		UserID  event.ID `json:"userId"`
		Role    Role     `json:"role"`
		Scope   string   `json:"scope"`            // tenant, course, session
		ScopeID event.ID `json:"scopeId,omitzero"` // absent for the school
	}
	// CourseRow is a course.
	CourseRow struct {
		ID     event.ID `json:"id"`
		Title  string   `json:"title"`
		Status string   `json:"status"` // draft, published
	}
	// LessonRow is a lesson of a course.
	LessonRow struct {
		ID         event.ID `json:"id"`
		CourseID   event.ID `json:"courseId"`
		Title      string   `json:"title"`
		OrderIndex int      `json:"orderIndex"`
	}
	// EnrolmentRow gives a person a role in a course.
	EnrolmentRow struct {
		CourseID event.ID `json:"courseId"`
		UserID   event.ID `json:"userId"`
		Role     Role     `json:"role"`
	}
	// PlanRow is what a class is planned to be; see Plan.
	PlanRow struct {
		SessionID      event.ID        `json:"sessionId"`
		Revision       int64           `json:"revision"`
		LessonID       event.ID        `json:"lessonId,omitzero"`
		HomeEdgeID     event.ID        `json:"homeEdgeId,omitzero"`
		ScheduledStart event.Time      `json:"scheduledStart"`
		ScheduledEnd   event.Time      `json:"scheduledEnd"`
		Settings       json.RawMessage `json:"settings"`
		Withdrawn      bool            `json:"withdrawn,omitzero"`
	}
	// ErasedRow is somebody who was erased: they never get a key again.
	ErasedRow struct {
		PersonID event.ID `json:"personId"`
	}
	// DestroyedRow is a person key that is gone for ever.
	DestroyedRow struct {
		KeyID    event.ID `json:"keyId"`
		PersonID event.ID `json:"personId"`
	}
	// EndedRow is a sign-in that was ended before its tokens are over.
	EndedRow struct {
		SignInID event.ID   `json:"signInId"`
		UserID   event.ID   `json:"userId,omitzero"` // absent: not known
		EndedAt  event.Time `json:"endedAt"`
		Until    event.Time `json:"until"` // no token of it is good after that
	}
	// VerifyKeyRow is a key that verifies the access tokens of an issuer.
	VerifyKeyRow struct {
		ID       event.KeyID `json:"id"` // of Public
		Issuer   event.ID    `json:"issuer"`
		Public   []byte      `json:"public"`            // ed25519
		NotAfter event.Time  `json:"notAfter,omitzero"` // absent: until it is gone
	}
)

func (*SchoolRow) kind() RowKind    { return RowSchool }
func (*DomainRow) kind() RowKind    { return RowDomain }
func (*PersonRow) kind() RowKind    { return RowPerson }
func (*GrantRow) kind() RowKind     { return RowGrant }
func (*CourseRow) kind() RowKind    { return RowCourse }
func (*LessonRow) kind() RowKind    { return RowLesson }
func (*EnrolmentRow) kind() RowKind { return RowEnrolment }
func (*PlanRow) kind() RowKind      { return RowPlan }
func (*ErasedRow) kind() RowKind    { return RowErased }
func (*DestroyedRow) kind() RowKind { return RowDestroyed }
func (*EndedRow) kind() RowKind     { return RowEnded }
func (*VerifyKeyRow) kind() RowKind { return RowVerifyKey }

func (*SchoolRow) key() string   { return "" }
func (v *DomainRow) key() string { return v.Domain }
func (v *PersonRow) key() string { return string(v.ID[:]) }
func (v *GrantRow) key() string {
	return string(v.UserID[:]) + string(v.ScopeID[:]) + v.Scope + "/" + string(v.Role)
}
func (v *CourseRow) key() string    { return string(v.ID[:]) }
func (v *LessonRow) key() string    { return string(v.ID[:]) }
func (v *EnrolmentRow) key() string { return string(v.CourseID[:]) + string(v.UserID[:]) }
func (v *PlanRow) key() string      { return string(v.SessionID[:]) }
func (v *ErasedRow) key() string    { return string(v.PersonID[:]) }
func (v *DestroyedRow) key() string { return string(v.KeyID[:]) }
func (v *EndedRow) key() string     { return string(v.SignInID[:]) }
func (v *VerifyKeyRow) key() string { return string(v.ID[:]) }

// parse is the inverse of key.
func (v *GrantRow) parse(key string) error {
	if len(key) < 32 {
		return fmt.Errorf("%w: the key of a role has %d bytes", ErrRow, len(key))
	}
	copy(v.UserID[:], key)
	copy(v.ScopeID[:], key[16:])
	scope, role, _ := strings.Cut(key[32:], "/")
	v.Scope, v.Role = scope, Role(role)
	if err := v.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRow, err)
	}
	return nil
}

var (
	errStatus = errors.New("it has a status that there is not")
	errRole   = errors.New("it has a role that there is not")
	errID     = errors.New("an id is absent")
)

var roles = []Role{Teacher, Student, Assistant, Admin}

type rule struct {
	broken bool
	err    error
}

// first gives the error of the first rule that is broken.
func first(rules ...rule) error {
	for _, r := range rules {
		if r.broken {
			return r.err
		}
	}
	return nil
}

func (v *SchoolRow) check() error {
	return first(rule{v.Name == "", errors.New("a school has a name")}, rule{v.Status != "active" && v.Status != "suspended", errStatus})
}

func (v *DomainRow) check() error {
	return first(rule{v.Domain == "" || v.Domain != Fold(v.Domain), errors.New("a domain must be folded")})
}

func (v *PersonRow) check() error {
	return first(rule{v.ID.IsZero(), errID}, rule{v.Status != "active" && v.Status != "disabled", errStatus},
		rule{Fold(v.Email) == "" && Fold(v.Username) == "", errors.New("a person has an e-mail address or a user name")})
}

func (v *GrantRow) check() error {
	return first(rule{v.UserID.IsZero(), errID}, rule{!slices.Contains(roles, v.Role), errRole},
		rule{v.Scope != "tenant" && v.Scope != "course" && v.Scope != "session", errors.New("it has a scope that there is not")},
		rule{(v.Scope == "tenant") != v.ScopeID.IsZero(), errors.New("its scope has an id exactly if it is a course or class")})
}

func (v *CourseRow) check() error {
	return first(rule{v.ID.IsZero(), errID}, rule{v.Status != "draft" && v.Status != "published", errStatus})
}

func (v *LessonRow) check() error { return first(rule{v.ID.IsZero() || v.CourseID.IsZero(), errID}) }

func (v *EnrolmentRow) check() error {
	return first(rule{v.CourseID.IsZero() || v.UserID.IsZero(), errID}, rule{!slices.Contains(roles, v.Role), errRole})
}

func (v *PlanRow) check() error {
	return first(rule{v.SessionID.IsZero(), errID}, rule{v.Revision < 1, errors.New("a plan has a revision")},
		rule{len(v.Settings) == 0 || v.Settings[0] != '{', errors.New("the settings of a plan are an object")})
}

func (v *ErasedRow) check() error { return first(rule{v.PersonID.IsZero(), errID}) }
func (v *DestroyedRow) check() error {
	return first(rule{v.KeyID.IsZero() || v.PersonID.IsZero(), errID})
}
func (v *EndedRow) check() error { return first(rule{v.SignInID.IsZero(), errID}) }

func (v *VerifyKeyRow) check() error {
	return first(rule{v.Issuer.IsZero(), errID}, rule{len(v.Public) != 32 || event.KeyIDOf(v.Public) != v.ID, errors.New("its id is not that of its key")})
}
