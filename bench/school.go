package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"multistream/edge"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/session"
)

// school is a whole box in this process, without its network.
type school struct {
	box    *edge.Box
	dir    string
	tenant event.ID
	stop   context.CancelFunc
	ended  chan error
	given  atomic.Int64 // commands, for their keys
}

func openSchool(ctx context.Context, dir string) (*school, error) {
	box, err := edge.Open(ctx, edge.Config{DataDir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	tenant := event.NewID()
	if err := box.Store.UpsertTenant(ctx, directory.Tenant{ID: tenant, Name: "Bench School", Status: "active"}); err != nil {
		return nil, errors.Join(err, box.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	s := &school{box: box, dir: dir, tenant: tenant, stop: stop, ended: make(chan error, 1)}
	go func() { s.ended <- box.Classes.Run(ctx) }()
	select {
	case <-box.Classes.Ready():
		return s, nil
	case err := <-s.ended:
		stop()
		return nil, errors.Join(err, box.Close())
	}
}

func (s *school) close() error {
	s.stop()
	return errors.Join(<-s.ended, s.box.Close())
}

// order is a command as the orchestrator takes it, made ready before the clock runs: decoding and canonical form are the
// gateway's work.
type order = struct {
	TenantID  event.ID
	SessionID event.ID
	Command   session.Command
	Digest    []byte
}

func (s *school) order(class event.ID, by session.Actor, typ string, payload any) (order, error) {
	canonical, err := event.CanonicalJSON(payload)
	if err != nil {
		return order{}, err
	}
	return order{TenantID: s.tenant, SessionID: class, Digest: canonical,
		Command: session.Command{Type: typ, Key: "bench-" + strconv.FormatInt(s.given.Add(1), 10), Actor: by, Payload: payload}}, nil
}

func (s *school) do(ctx context.Context, class event.ID, by session.Actor, typ string, payload any) error {
	o, err := s.order(class, by, typ, payload)
	if err == nil {
		_, err = s.box.Classes.Do(ctx, o)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", typ, err)
	}
	return nil
}

// class starts a class and lets people join it, the teacher first; every student has said something, so keys are warm.
func (s *school) class(ctx context.Context, students int) (event.ID, []session.Actor, error) {
	id := event.NewID()
	teacher := session.Actor{UserID: event.NewID(), Role: "teacher", DisplayName: "Ms Rivera"}
	people := []session.Actor{teacher}
	now := event.TimeOf(time.Now())
	err := s.do(ctx, id, teacher, "session.schedule", &session.SessionSchedule{CourseID: event.NewID(), LessonID: event.NewID(), Title: "Fractions",
		ScheduledStart: now, ScheduledEnd: now + 10_800_000, Staff: []session.PlannedStaff{{UserID: teacher.UserID, Role: "teacher"}}})
	if err == nil {
		err = s.do(ctx, id, teacher, "participant.join", &session.ParticipantJoin{})
	}
	if err == nil {
		err = s.do(ctx, id, teacher, "session.start", &session.SessionStart{})
	}
	if err != nil {
		return id, nil, err
	}
	for i := range students {
		people = append(people, session.Actor{UserID: event.NewID(), Role: "student", DisplayName: fmt.Sprintf("Student Number %d", i+1)})
	}
	_, _, err = together(students, 1, func(i int) error {
		err := s.do(ctx, id, people[i+1], "participant.join", &session.ParticipantJoin{})
		if err == nil {
			err = s.do(ctx, id, people[i+1], "chat.send", message(i))
		}
		return err
	})
	return id, people, err
}

// words make messages of 60 to 200 characters that don't repeat.
const words = "Could you explain once more why the denominator stays the same when we add these two fractions, please? I tried it " +
	"with thirds and halves and it didn't come out right; on page twelve the picture shows six parts, not five. "

func message(i int) *session.ChatSend {
	length := 60 + i*37%141
	from := i * 13 % (len(words) - 60)
	text := strconv.Itoa(i) + " " + words[from:min(len(words), from+length)] + words
	return &session.ChatSend{Content: text[:length], To: session.ChatRecipient{Audience: "all"}}
}
