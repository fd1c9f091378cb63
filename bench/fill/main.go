// Command fill makes the people of a load: it fills a data folder with the demo school and as many teachers, assistants and
// students as a load needs, all enrolled in its course, and writes the file of accounts that classload reads.
//
//	go run ./bench/fill -data DIR -accounts FILE [-teachers 31] [-assistants 49] [-students 1100]
//
// This is set-up, not load: it goes past the API because the API makes people one by one. Everybody's password is the demo
// school's, hashed once and lightly, so a sign-in costs little; a real school's costs what its hasher costs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"multistream/edge"
	"multistream/shared/directory"
	"multistream/shared/event"
)

func main() {
	data := flag.String("data", "", "data folder of an edge that is not running")
	accounts := flag.String("accounts", "", "file to write")
	teachers := flag.Int("teachers", 31, "")
	assistants := flag.Int("assistants", 49, "")
	students := flag.Int("students", 1100, "")
	flag.Parse()
	if err := fill(context.Background(), *data, *accounts, *teachers, *assistants, *students); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

// file is what classload reads.
type file struct {
	CourseID   event.ID `json:"courseId"`
	LessonID   event.ID `json:"lessonId"`
	Password   string   `json:"password"`
	Teachers   []string `json:"teachers"`
	Assistants []string `json:"assistants"`
	Students   []string `json:"students"`
}

func fill(ctx context.Context, data, accounts string, teachers, assistants, students int) (err error) {
	if data == "" || accounts == "" {
		return errors.New("-data and -accounts are needed")
	}
	cfg := edge.Config{DataDir: data}
	if err := edge.Seed(ctx, cfg, io.Discard); err != nil {
		return err
	}
	box, err := edge.Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	tenants, err := box.Store.Tenants(ctx, 1)
	if err != nil {
		return err
	}
	school := tenants[0].ID
	courses, err := box.Store.Courses(ctx, school, event.ID{}, 1)
	if err != nil {
		return err
	}
	out := file{CourseID: courses[0].ID, Password: "demo-only"}
	lessons, err := box.Store.Lessons(ctx, school, out.CourseID)
	if err != nil {
		return err
	}
	out.LessonID = lessons[0].ID
	model, ok, err := box.Store.UserByUsername(ctx, school, "student01")
	if err != nil || !ok {
		return errors.Join(errors.New("the demo school has no student01"), err)
	}
	n := 0
	add := func(role directory.Role, prefix string, count int) (names []string, err error) {
		for i := range count {
			n++
			u := directory.User{ID: event.DeriveID(school, out.CourseID, "load "+prefix, i), TenantID: school, Username: fmt.Sprintf("%s%04d", prefix, i+1),
				DisplayName: fmt.Sprintf("Load %s %04d", role, i+1), Status: "active", Roles: []directory.Role{role}, PasswordHash: model.PasswordHash}
			if err := box.Store.UpsertUser(ctx, u); err != nil {
				return nil, err
			}
			if err := box.Store.Enrol(ctx, directory.Enrolment{TenantID: school, CourseID: out.CourseID, UserID: u.ID, Role: role}); err != nil {
				return nil, err
			}
			names = append(names, u.Username)
		}
		return names, nil
	}
	if out.Teachers, err = add(directory.Teacher, "loadteacher", teachers); err != nil {
		return err
	}
	if out.Assistants, err = add(directory.Assistant, "loadassistant", assistants); err != nil {
		return err
	}
	if out.Students, err = add(directory.Student, "loadstudent", students); err != nil {
		return err
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(accounts, b, 0o600)
}
