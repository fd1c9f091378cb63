package school

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Class is a class that a load plays in.
type Class struct {
	ID       string
	Teacher  *Person
	Staff    []*Person // assistants
	Students []*Person
	Scenes   []string // ids
}

// Schedule plans a class of the accounts' course.
func (a *API) Schedule(ctx context.Context, accounts Accounts, title string, teacher *Person, assistants []*Person) (*Class, error) {
	staff := []map[string]string{{"userId": teacher.ID, "role": "teacher"}}
	for _, p := range assistants {
		staff = append(staff, map[string]string{"userId": p.ID, "role": "assistant"})
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	const form = "2006-01-02T15:04:05.000Z"
	plan := map[string]any{"courseId": accounts.CourseID, "lessonId": accounts.LessonID, "title": title, "staff": staff,
		"scheduledStart": now.Format(form), "scheduledEnd": now.Add(3 * time.Hour).Format(form)}
	var made struct {
		ID string `json:"id"`
	}
	if err := a.Call(ctx, teacher, http.MethodPost, "/api/sessions", plan, &made); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	return &Class{ID: made.ID, Teacher: teacher, Staff: assistants}, nil
}

// Start starts the class with its teacher and staff in it and two scenes to switch between.
func (a *API) Start(ctx context.Context, c *Class) error {
	for _, p := range append([]*Person{c.Teacher}, c.Staff...) {
		if err := a.Join(ctx, c, p); err != nil {
			return err
		}
	}
	if err := a.Call(ctx, c.Teacher, http.MethodPost, c.path("/start"), nil, nil); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for _, name := range []string{"One", "Two"} {
		var scene struct {
			ID string `json:"id"`
		}
		body := map[string]any{"name": name, "layout": map[string]string{"name": "board"}}
		if err := a.Call(ctx, c.Teacher, http.MethodPost, c.path("/scenes"), body, &scene); err != nil {
			return fmt.Errorf("scene: %w", err)
		}
		c.Scenes = append(c.Scenes, scene.ID)
	}
	return nil
}

// Join lets somebody into the class.
func (a *API) Join(ctx context.Context, c *Class, p *Person) error {
	if err := a.Call(ctx, p, http.MethodPost, c.path("/join"), nil, nil); err != nil {
		return fmt.Errorf("join of %s: %w", p.Name, err)
	}
	return nil
}

// Enter lets students into the class, a few at a time.
func (a *API) Enter(ctx context.Context, c *Class, students []*Person) error {
	c.Students = students
	return Each(len(students), 16, func(i int) error { return a.Join(ctx, c, students[i]) })
}

// End announces the end of the class.
func (a *API) End(ctx context.Context, c *Class) error {
	return a.Call(ctx, c.Teacher, http.MethodPost, c.path("/end"), nil, nil)
}

func (c *Class) path(rest string) string { return "/api/sessions/" + c.ID + rest }

// Live is the path of the class's socket; after is a position, or "" for a fresh view.
func (c *Class) Live(after string) string {
	if after != "" {
		after = "?after=" + after
	}
	return c.path("/live") + after
}
