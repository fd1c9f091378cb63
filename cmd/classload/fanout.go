package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/school"
)

// fanoutRun is one class whose students get events.
type fanoutRun struct {
	site
	students, senders, bytes, seconds, warm, patience int
	rate                                              float64

	class  *school.Class // nil for peers
	ledger *ledger.Ledger
	chairs []*chair
	desks  []*chair // of the senders
}

// fanoutLine is the line of a run.
type fanoutLine struct {
	result
	Rate       float64 `json:"rate"` // events a second; 0: as fast as they can be sent
	Senders    int     `json:"senders"`
	EventBytes int     `json:"eventBytes"`
	ledger.Sums
}

func fanout(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var f fanoutRun
	flags := f.flags(name)
	flags.IntVar(&f.students, "students", 1000, "")
	flags.IntVar(&f.senders, "senders", 0, "")
	flags.IntVar(&f.bytes, "bytes", 300, "")
	flags.IntVar(&f.seconds, "seconds", 60, "")
	flags.IntVar(&f.warm, "warm", 3, "")
	flags.IntVar(&f.patience, "patience", 10, "")
	flags.Float64Var(&f.rate, "rate", 10, "")
	flags.StringVar(&f.protocol, "protocol", f.protocol, "")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if f.senders == 0 {
		if f.senders = maxSenders; f.rate > 0 {
			f.senders = min(int(f.rate/10)+1, maxSenders)
		}
	}
	if err := errors.Join(within("students", f.students, 1, maxStudents), within("senders", f.senders, 1, maxSenders), within("bytes", f.bytes, 1, 4000),
		within("seconds", f.seconds, 1, maxSeconds), within("warm", f.warm, 0, 60), within("patience", f.patience, 1, 300), within("rate", int(f.rate), 0, 10*maxSenders)); err != nil {
		return false, err
	}
	if err := f.open(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	return f.run(ctx, name, out)
}

func (f *fanoutRun) run(ctx context.Context, name string, out io.Writer) (bool, error) {
	line := fanoutLine{result: newResult(name, &f.site, f.students), Rate: f.rate, Senders: f.senders}
	students, staff, err := f.people(ctx)
	if err != nil {
		return false, err
	}
	before := f.server.Memory()
	if err := f.seats(ctx, students, staff); err != nil {
		return false, err
	}
	time.Sleep(min(time.Duration(f.warm), 2) * time.Second) // what entering has set off is over
	line.KBPerConnection = float64(f.server.Memory()-before) / float64(f.students+f.senders) / 1000
	if line.EventBytes, err = f.calibrate(ctx); err != nil {
		return false, err
	}
	if err := f.send(ctx, time.Duration(f.warm)*time.Second, false); err != nil {
		return false, err
	}
	m := f.meter()
	err = f.send(ctx, time.Duration(f.seconds)*time.Second, true)
	f.settle(ctx)
	m.stop(&line.result)
	if err != nil {
		return false, err
	}
	f.crowd.Close() // from here on nothing changes any more
	line.Sums = f.ledger.Sum()
	line.DeliveriesPerSecond = float64(line.Deliveries) / line.Seconds
	if all := float64(line.Events) * float64(f.students+f.senders); all > 0 {
		line.CPUPerMillion = line.ServerCPU / all * 1e6
	}
	for _, c := range append(f.chairs, f.desks...) {
		line.add(c)
	}
	f.crowd = nil
	return line.fine(line.Sums), print(out, line)
}

// people signs in who is needed and opens the class; peers have no people.
func (f *fanoutRun) people(ctx context.Context) (students, staff []*school.Person, err error) {
	if f.protocol != "multistream" {
		for i := range f.students + f.senders {
			p := &school.Person{Name: fmt.Sprint("client ", i)}
			if i < f.senders {
				staff = append(staff, p)
			} else {
				students = append(students, p)
			}
		}
		return students, staff, nil
	}
	f.class, err = f.openClass(ctx, "Load", 0, f.senders-1)
	if err != nil {
		return nil, nil, err
	}
	names, err := pick("students", f.accounts.Students, 0, f.students)
	if err != nil {
		return nil, nil, err
	}
	if students, err = f.api.SignInAll(ctx, 1000, names, f.accounts.Password); err != nil {
		return nil, nil, err
	}
	return students, append([]*school.Person{f.class.Teacher}, f.class.Staff...), f.api.Enter(ctx, f.class, students)
}

// openClass signs the n-th teacher and some assistants in, and starts a class of theirs.
func (s *site) openClass(ctx context.Context, title string, n, assistants int) (*school.Class, error) {
	names, err := pick("teachers", s.accounts.Teachers, n, 1)
	if err != nil {
		return nil, err
	}
	teacher, err := s.api.SignIn(ctx, n, names[0], s.accounts.Password)
	if err != nil {
		return nil, err
	}
	if names, err = pick("assistants", s.accounts.Assistants, 0, assistants); err != nil {
		return nil, err
	}
	helpers, err := s.api.SignInAll(ctx, 500, names, s.accounts.Password)
	if err != nil {
		return nil, err
	}
	class, err := s.api.Schedule(ctx, s.accounts, title, teacher, helpers)
	if err != nil {
		return nil, err
	}
	return class, s.api.Start(ctx, class)
}

// seats opens the sockets.
func (f *fanoutRun) seats(ctx context.Context, students, staff []*school.Person) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	path := map[string]string{"centrifuge": "/connection/websocket", "plain": "/"}[f.protocol]
	if f.class != nil {
		path = f.class.Live("")
	}
	most := (f.seconds+f.warm+1)*max(int(f.rate), 12*maxSenders) + 120*f.senders + 100
	f.ledger = ledger.New(f.students, f.senders, most)
	f.chairs, f.desks = make([]*chair, len(students)), make([]*chair, len(staff))
	for i := range staff {
		f.desks[i] = &chair{answers: make(chan reply, 1)}
		if err := f.sit(ctx, f.desks[i], staff[i], path); err != nil {
			return err
		}
	}
	return school.Each(len(students), 32, func(i int) error {
		f.chairs[i] = &chair{seat: f.ledger.Seat(i)}
		return f.sit(ctx, f.chairs[i], students[i], path)
	})
}

// calibrate sends the first event and finds out how large events are around their text.
func (f *fanoutRun) calibrate(ctx context.Context) (int, error) {
	for range 2 {
		if err := f.one(ctx, 0, false); err != nil {
			return 0, err
		}
		if !f.settle(ctx) {
			return 0, fmt.Errorf("the first event did not come to everybody in %d s", f.patience)
		}
		m, ok := f.dialect.(*multistream)
		if !ok || m.around > 0 {
			break
		}
		// A class that still tells of newcomers may have put other events into the message.
		m.around = int(f.chairs[0].largest.Load()) - max(f.bytes, ledger.MarkSize)
	}
	if least := shortest(f.dialect); f.bytes < least {
		return 0, fmt.Errorf("--bytes %d: the smallest event of this server has %d", f.bytes, least)
	}
	return int(f.chairs[0].largest.Load()), nil
}

// settle waits until everything has come, or patience ends.
func (f *fanoutRun) settle(ctx context.Context) bool {
	for end := time.Now().Add(time.Duration(f.patience) * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if f.ledger.Complete() {
			return true
		}
	}
	return false
}

// send lets all senders send for a while.
func (f *fanoutRun) send(ctx context.Context, d time.Duration, timed bool) error {
	if d == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	errs := make([]error, f.senders)
	begin := time.Now()
	for i := range f.senders {
		all.Go(func() { errs[i] = f.sender(ctx, i, begin, d, timed) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (f *fanoutRun) sender(ctx context.Context, i int, begin time.Time, d time.Duration, timed bool) error {
	var pause time.Duration // between events of this sender
	if f.rate > 0 {
		pause = time.Duration(float64(f.senders) / f.rate * float64(time.Second))
	}
	for k := 0; ; k++ {
		at := begin
		if f.rate > 0 { // open loop: an event that is late is sent late, and none is left out
			at = begin.Add(time.Duration(k)*pause + pause*time.Duration(i)/time.Duration(f.senders))
			time.Sleep(time.Until(at))
		} else if k >= personBurst { // the product has a limit for one person; peers get the same load
			at = begin.Add(time.Duration(k-personBurst) * personPause)
			time.Sleep(time.Until(at))
		}
		if time.Since(begin) >= d || ctx.Err() != nil || at.Sub(begin) >= d {
			return ctx.Err()
		}
		if err := f.one(ctx, i, timed); err != nil {
			return err
		}
	}
}

// What one person may send in a class, a little below the product's limit of 120 in 10 s.
const (
	personBurst = 60
	personPause = 90 * time.Millisecond
)

// one sends an event and waits for its answer.
func (f *fanoutRun) one(ctx context.Context, sender int, timed bool) error {
	e, err := f.ledger.Begin(sender, f.crowd.Now(), timed)
	if err != nil {
		return err
	}
	r, err := f.desks[sender].ask(ctx, f.dialect.publish(e.Mark(), e.Mark(), f.bytes))
	switch {
	case err != nil:
		return fmt.Errorf("sender %d: %w", sender, err)
	case r.refused:
		e.Refused()
		return fmt.Errorf("sender %d was refused: %.300s", sender, r.text)
	}
	e.Done(r.at)
	return nil
}
