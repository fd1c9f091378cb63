package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// bigSchool is the rows of a school with so many people, each with a role and three courses.
func bigSchool(t testing.TB, people int) []directory.Row {
	t.Helper()
	values := []directory.Value{&directory.SchoolRow{Name: "School", Status: "active"}}
	var courses []event.ID
	for range max(3, people/25) {
		id := event.NewID()
		courses = append(courses, id)
		values = append(values, &directory.CourseRow{ID: id, Title: "Course", Status: "published"})
	}
	for i := range people {
		id, role := event.NewID(), directory.Student
		if i == 0 {
			role = directory.Admin
		}
		values = append(values, &directory.PersonRow{ID: id, Email: fmt.Sprintf("person%d@school.example", i), Username: fmt.Sprint("person", i), DisplayName: fmt.Sprint("Person ", i),
			Status: "active", PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
			&directory.GrantRow{UserID: id, Role: role, Scope: "tenant"})
		for n := range 3 {
			values = append(values, &directory.EnrolmentRow{CourseID: courses[(i+n)%len(courses)], UserID: id, Role: role})
		}
	}
	rows := make([]directory.Row, 0, len(values))
	for _, v := range values {
		r, err := directory.RowOf(v)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	directory.SortRows(rows)
	return rows
}

// TestChangesFollow: a change is of the copy that is there, or it is refused; one that comes again does nothing.
func TestChangesFollow(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	school, lineage := event.NewID(), event.NewID()
	first := directory.Change{TenantID: school, Before: directory.Copy{TenantID: school}, Lineage: lineage, Version: 3, Full: true, Rows: bigSchool(t, 3), At: 1000}
	for range 2 {
		if _, err := s.ApplyChange(ctx, first); err != nil {
			t.Fatal(err)
		}
	}
	copies, err := s.Copies(ctx)
	if err != nil || len(copies) != 1 || copies[0].Version != 3 || copies[0].Lineage != lineage {
		t.Fatalf("%+v, %v", copies, err)
	}
	row, err := directory.RowOf(&directory.CourseRow{ID: event.NewID(), Title: "New", Status: "draft"})
	if err != nil {
		t.Fatal(err)
	}
	next := directory.Change{TenantID: school, Before: copies[0], Lineage: lineage, Version: 5, Rows: []directory.Row{row}, At: 2000}
	for name, change := range map[string]func(*directory.Change){
		"of a version before":        func(c *directory.Change) { c.Before.Version = 2 },
		"of another lineage":         func(c *directory.Change) { c.Before.Lineage = event.NewID() },
		"to a lower version":         func(c *directory.Change) { c.Version = 2 },
		"to another lineage in part": func(c *directory.Change) { c.Lineage = event.NewID() },
	} {
		c := next
		change(&c)
		if _, err := s.ApplyChange(ctx, c); !errors.Is(err, ErrNotFollowing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := next
	orphan, err := directory.RowOf(&directory.EnrolmentRow{CourseID: event.NewID(), UserID: event.NewID(), Role: directory.Student})
	if err != nil {
		t.Fatal(err)
	}
	broken.Rows = append([]directory.Row{row}, orphan)
	if _, err := s.ApplyChange(ctx, broken); err == nil {
		t.Error("a row that points to nothing was written")
	}
	if courses, err := s.Courses(ctx, school, event.ID{}, 100); err != nil || len(courses) != 3 {
		t.Errorf("half of a change was written: %+v, %v", courses, err)
	}
	if _, err := s.ApplyChange(ctx, next); err != nil {
		t.Fatal(err)
	}
	if courses, err := s.Courses(ctx, school, event.ID{}, 100); err != nil || len(courses) != 4 {
		t.Errorf("%+v, %v", courses, err)
	}
}

// BenchmarkFirstChange writes a school of 2,000 people for the first time, and again in full with one thing changed, while a class appends:
// ms a change, and how long the class waited at most.
func BenchmarkFirstChange(b *testing.B) {
	const people = 2000
	rows := bigSchool(b, people)
	for b.Loop() {
		s, err := Open(context.Background(), Options{Dir: b.TempDir(), ReserveBytes: -1, ScrubPause: -1})
		if err != nil {
			b.Fatal(err)
		}
		school := event.NewID()
		copied := directory.Copy{TenantID: school}
		for _, kind := range []string{"first", "again"} {
			c := directory.Change{TenantID: school, Before: copied, Lineage: event.NewID(), Version: 1, Full: true, Rows: rows, At: event.TimeOf(time.Now())}
			if kind == "again" {
				c.Rows = c.Rows[:len(c.Rows)-1]
			}
			worst := appendsBeside(b, s, func() {
				began := time.Now()
				if _, err := s.ApplyChange(context.Background(), c); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(time.Since(began).Microseconds())/1000, kind+"-ms")
			})
			b.ReportMetric(float64(worst.Microseconds())/1000, kind+"-class-waits-ms")
			copied = directory.Copy{TenantID: school, Lineage: c.Lineage, Version: 1}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)), "rows")
}

// appendsBeside appends events of a class one by one while do runs, and gives the longest that one took.
func appendsBeside(b *testing.B, s *Store, do func()) (worst time.Duration) {
	chain := eventlogtest.NewChain(event.NewID())
	stop, stopped := make(chan struct{}), make(chan time.Duration)
	go func() {
		var worst time.Duration
		for {
			select {
			case <-stop:
				stopped <- worst
				return
			default:
			}
			began := time.Now()
			if err := s.Append(context.Background(), eventlog.Batch{TenantID: chain.Tenant, SessionID: chain.Session, Events: []event.Event{chain.Next()}}); err != nil {
				b.Error(err)
			}
			worst = max(worst, time.Since(began))
		}
	}()
	do()
	close(stop)
	return <-stopped
}
