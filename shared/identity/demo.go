package identity

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// DemoStore is what SeedDemo writes to.
type DemoStore interface {
	Tenants(ctx context.Context, limit int) ([]directory.Tenant, error)
	UserByID(ctx context.Context, tenant, user event.ID) (u directory.User, ok bool, err error)
	UpsertTenant(ctx context.Context, t directory.Tenant) error
	UpsertUser(ctx context.Context, u directory.User) error
	UpsertCourse(ctx context.Context, c directory.Course) error
	UpsertLesson(ctx context.Context, l directory.Lesson) error
	Enrol(ctx context.Context, e directory.Enrolment) error
}

// Demo is the school that `make dev` and `make seed` make. Its ids are always the same. Everybody signs in with
// DemoPassword: admin@, teacher@, assistant@ and student01@ to student30@ of DemoDomain, or by the part before the @.
type Demo struct {
	Tenant    directory.Tenant
	Admin     directory.User
	Teacher   directory.User
	Assistant directory.User
	Students  []directory.User
	Course    directory.Course
	Lessons   []directory.Lesson
}

// The demo school's name, domain and everybody's password.
const (
	DemoName     = "Demo School"
	DemoDomain   = "demo.school"
	DemoPassword = "demo-only"
	demoStudents = 30
)

// DemoHasher is light, because the password is printed anyway and start-up should not take seconds.
func DemoHasher() Hasher { return Argon2{MemoryKiB: 1024, Passes: 1, Lanes: 1} }

// DemoSchool describes the demo school, without passwords.
func DemoSchool() Demo {
	d := Demo{Tenant: directory.Tenant{ID: demoID(1, 0), Name: DemoName, Status: statusActive, Domains: []string{DemoDomain}}}
	person := func(n int, name, display string, roles ...directory.Role) directory.User {
		return directory.User{
			ID: demoID(2, n), TenantID: d.Tenant.ID, Email: name + "@" + DemoDomain, Username: name,
			DisplayName: display, Status: statusActive, Roles: roles,
		}
	}
	d.Admin = person(101, "admin", "Ada Admin", directory.Admin)
	d.Teacher = person(102, "teacher", "Tara Teacher", directory.Teacher)
	d.Assistant = person(103, "assistant", "Asim Assistant", directory.Assistant)
	for n := 1; n <= demoStudents; n++ {
		d.Students = append(d.Students, person(n, fmt.Sprintf("student%02d", n), fmt.Sprintf("Student %02d", n), directory.Student))
	}
	d.Course = directory.Course{ID: demoID(3, 1), TenantID: d.Tenant.ID, Title: "Physics 7b", Status: "published"}
	for n, title := range []string{"Light and shadow", "Lenses"} {
		d.Lessons = append(d.Lessons, directory.Lesson{
			ID: demoID(4, n+1), TenantID: d.Tenant.ID, CourseID: d.Course.ID, Title: title, OrderIndex: n + 1,
		})
	}
	return d
}

// People lists everybody, staff first.
func (d Demo) People() []directory.User {
	return append([]directory.User{d.Admin, d.Teacher, d.Assistant}, d.Students...)
}

// SeedDemo writes the demo school; doing it again changes nothing, not even the hashes. Returns fault.WrongState, and
// writes nothing, where the directory holds another school: accounts with a known password have no place beside real ones.
func SeedDemo(ctx context.Context, store DemoStore, hasher Hasher) (Demo, error) {
	d := DemoSchool()
	present, err := store.Tenants(ctx, 2)
	if err != nil {
		return Demo{}, fmt.Errorf("seed the demo school: %w", err)
	}
	for _, t := range present {
		if t.ID != d.Tenant.ID {
			return Demo{}, fault.New(fault.WrongState,
				"This data folder belongs to %q. Nothing was written; the demo school needs a data folder of its own.", t.Name)
		}
	}
	steps := []func() error{func() error { return store.UpsertTenant(ctx, d.Tenant) }}
	for _, u := range d.People() {
		steps = append(steps, func() error { return seedPerson(ctx, store, hasher, u) })
	}
	steps = append(steps, func() error { return store.UpsertCourse(ctx, d.Course) })
	for _, l := range d.Lessons {
		steps = append(steps, func() error { return store.UpsertLesson(ctx, l) })
	}
	for _, u := range d.People() {
		if role := u.Roles[0]; role != directory.Admin { // an admin is in no class by enrolment
			steps = append(steps, func() error {
				return store.Enrol(ctx, directory.Enrolment{TenantID: d.Tenant.ID, CourseID: d.Course.ID, UserID: u.ID, Role: role})
			})
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Demo{}, fmt.Errorf("seed the demo school: %w", err)
		}
	}
	return d, nil
}

// seedPerson keeps a password that is there.
func seedPerson(ctx context.Context, store DemoStore, hasher Hasher, u directory.User) error {
	old, known, err := store.UserByID(ctx, u.TenantID, u.ID)
	if err != nil {
		return err
	}
	if u.PasswordHash = old.PasswordHash; !known || u.PasswordHash == "" {
		if u.PasswordHash, err = hasher.Hash(DemoPassword); err != nil {
			return err
		}
	}
	return store.UpsertUser(ctx, u)
}

func demoID(kind, n int) event.ID {
	return event.MustID(fmt.Sprintf("de300000-%04d-7000-8000-%012d", kind, n))
}
