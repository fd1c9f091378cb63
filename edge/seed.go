package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"multistream/edge/orchestrator"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/session"
)

// Seed fills a data folder with the demo school and a scheduled class, and tells on out who can sign in. Doing it again
// changes nothing but adds a class where none is left to start.
func Seed(ctx context.Context, cfg Config, out io.Writer) error { return seed(ctx, cfg, true, out) }

// SeedPeople is Seed without a class, for a further box of the school: a class is of one box.
func SeedPeople(ctx context.Context, cfg Config, out io.Writer) error {
	return seed(ctx, cfg, false, out)
}

func seed(ctx context.Context, cfg Config, withClass bool, out io.Writer) (err error) {
	b, err := Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	demo, err := identity.SeedDemo(ctx, b.Store, identity.DemoHasher())
	if err != nil {
		return err
	}
	if withClass {
		class, err := b.seedClass(ctx, demo)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: course %q, lesson %q, class %s is scheduled\n", demo.Tenant.Name, demo.Course.Title, demo.Lessons[0].Title, class)
	}
	fmt.Fprintf(out, "sign in as %s, %s, %s or %s … %s, password %q\n", demo.Admin.Email, demo.Teacher.Email, demo.Assistant.Email,
		demo.Students[0].Email, demo.Students[len(demo.Students)-1].Email, identity.DemoPassword)
	return nil
}

// seedClass gives the demo school a class to start today.
func (b *Box) seedClass(ctx context.Context, demo identity.Demo) (event.ID, error) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Classes.Run(ctx) }()
	defer func() { stop(); <-ended }()
	select {
	case <-b.Classes.Ready():
	case err := <-ended:
		ended <- err
		return event.ID{}, err
	}
	now := event.TimeOf(time.Now().Truncate(time.Minute))
	day := now.Std().Format(time.DateOnly)
	id := event.DeriveID(demo.Tenant.ID, demo.Teacher.ID, "demo "+day, 0)
	plan := &session.SessionSchedule{CourseID: demo.Course.ID, LessonID: demo.Lessons[0].ID, Title: demo.Lessons[0].Title,
		ScheduledStart: now, ScheduledEnd: now + event.Time(time.Hour.Milliseconds()),
		Staff: []session.PlannedStaff{{UserID: demo.Teacher.ID, Role: "teacher"}, {UserID: demo.Assistant.ID, Role: "assistant"}}}
	canonical, err := event.CanonicalJSON(plan)
	if err != nil {
		return event.ID{}, err
	}
	err = b.Classes.Read(ctx, demo.Tenant.ID, id, func(*session.State) error { return nil })
	if err == nil {
		return id, nil
	}
	_, err = b.Classes.Do(ctx, orchestrator.Request{TenantID: demo.Tenant.ID, SessionID: id, Digest: canonical,
		Command: session.Command{Type: "session.schedule", Key: "seed", Payload: plan,
			Actor: session.Actor{UserID: demo.Teacher.ID, Role: "teacher", DisplayName: demo.Teacher.DisplayName}}})
	return id, err
}
