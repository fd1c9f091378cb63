// Package directory holds the people and courses that edge and hub must agree on: what the hub sends down to an edge.
package directory

import "multistream/shared/event"

// Role is what somebody is in a tenant, a course or a class.
type Role string

// The four roles. A guest of a class is a student with Guest set on their participation.
const (
	Teacher   Role = "teacher"
	Student   Role = "student"
	Assistant Role = "assistant"
	Admin     Role = "admin"
)

// Tenant is a school.
type Tenant struct {
	ID      event.ID
	Name    string
	Status  string // "active" or "suspended"
	Domains []string
	// HubRules: a hub says who is here and what is taught; this box may not change it.
	HubRules bool
}

// User is a person of a tenant. Email or Username is set, or both; each is unique in its tenant (case folded).
type User struct {
	ID           event.ID
	TenantID     event.ID
	Email        string
	Username     string
	DisplayName  string
	Status       string // "active" or "disabled"
	PasswordHash string // argon2id in PHC form; empty: can't sign in by password
	Roles        []Role // tenant-wide
	MustChange   bool   // the password is good for nothing but choosing another one
}

// Course is a set of lessons with its enrolled people.
type Course struct {
	ID       event.ID
	TenantID event.ID
	Title    string
	Status   string // "draft" or "published"
}

// Lesson belongs to a course.
type Lesson struct {
	ID         event.ID
	TenantID   event.ID
	CourseID   event.ID
	Title      string
	OrderIndex int
}

// Enrolment gives a person a role in a course.
type Enrolment struct {
	TenantID event.ID
	CourseID event.ID
	UserID   event.ID
	Role     Role
}
