// Package live runs a class script against a running edge, over its public API only: every person signs in, gives commands
// and follows the class over a socket, as clients do. It checks what a client would: frames without a gap, no event twice,
// the expected events and refusals, and views that, folded on from events, are those that the edge gives afresh.
package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"multistream/shared/classclient"
	"multistream/shared/classscript"
	"multistream/shared/event"
)

// Account is how somebody of a script signs in.
type Account struct{ Email, Password string }

// Options say where and as whom a class is run. Edge and Account are required. Guests need no account: they join by the code
// that the script gives its class.
type Options struct {
	Edge     string // address like http://127.0.0.1:8080
	Account  func(p classscript.Person) (Account, error)
	Course   event.ID      // of a class whose plan names none; @course in a script
	Realtime bool          // wait for the times of the script
	Patience time.Duration // how long to wait for anything that must come [20 s]
	Step     func(Step)    // told of each step when it is done
	Client   *http.Client  // nil: one of its own
}

// Step is one command, or one look, that was done.
type Step struct {
	Line    int
	Actor   string
	What    string        // name of the command, or "see path"
	Outcome string        // what came of it
	Took    time.Duration // from sending to the answer
}

// Follower is what somebody got over their sockets.
type Follower struct {
	Name    string
	Frames  int   // of events and views
	Events  int   // copies of events
	Views   int   // fresh views in place of events
	UpTo    int64 // sequence that they know of
	Lost    int64 // positions that no frame covered, and events that the socket kept back
	Doubled int64 // positions and events that came twice
	Ended   string
}

// Summary is what came of a run.
type Summary struct {
	SessionID event.ID
	Commands  int
	Refused   int
	Repeated  int
	Looks     int
	Compared  int   // views compared with fresh ones
	Events    int64 // of the class: the sequence of its last known event
	Waited    int   // times that the edge asked to slow down
	Took      time.Duration
	Followers []Follower
}

// Lost and Doubled sum up over all followers.
func (s *Summary) Lost() (n int64) {
	for _, f := range s.Followers {
		n += f.Lost
	}
	return n
}

// Doubled is the sum over all followers.
func (s *Summary) Doubled() (n int64) {
	for _, f := range s.Followers {
		n += f.Doubled
	}
	return n
}

// Run runs a script. It returns an error naming the line at which the class went another way, or what a follower did not
// get as it should; the summary tells how far it came in either case. What the edge acknowledged before stays.
func Run(ctx context.Context, script *classscript.Script, o Options) (Summary, error) {
	if o.Patience <= 0 {
		o.Patience = 20 * time.Second
	}
	if o.Step == nil {
		o.Step = func(Step) {}
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: time.Minute}
	}
	o.Edge = strings.TrimRight(o.Edge, "/")
	began := time.Now()
	d := &driver{ctx: ctx, o: o, api: &api{REST: classclient.REST{Edge: o.Edge, HTTP: o.Client}, patience: o.Patience}, people: map[string]*person{}, first: map[once]bool{}}
	defer d.close()
	if err := d.begin(script.People); err != nil {
		return d.summary(began), err
	}
	_, err := classscript.Run(script, d)
	if err == nil {
		err = d.compareAll()
	}
	d.close()
	s := d.summary(began)
	return s, errors.Join(err, d.complaints())
}

// begin reads what commands the edge has and signs everybody in.
func (d *driver) begin(people []classscript.Person) error {
	if err := d.api.Learn(d.ctx); err != nil {
		return fmt.Errorf("no edge answers at %s: nothing was done; start it, or give its address with --edge: %w", d.o.Edge, err)
	}
	for _, p := range people {
		if p.Guest { // has no account: signs in by joining
			d.people[p.Name] = &person{Person: p, id: classscript.NameID(p.Name)}
			d.order = append(d.order, p.Name)
			continue
		}
		account, err := d.o.Account(p)
		if err != nil {
			return err
		}
		token, user, err := d.api.signIn(d.ctx, account)
		if err != nil {
			return fmt.Errorf("sign in %s as %s: nothing of the class was done: %w", p.Name, account.Email, err)
		}
		d.people[p.Name] = &person{Person: p, id: user, token: token}
		d.order = append(d.order, p.Name)
	}
	d.start = event.TimeOf(time.Now())
	d.session = event.NewID() // of no class, until one is scheduled
	d.run = d.session.String()[24:] + "-"
	return nil
}

func (d *driver) summary(began time.Time) Summary {
	s := d.counts
	s.SessionID, s.Events, s.Waited, s.Took = d.session, d.head.Sequence, d.api.waited, time.Since(began)
	for _, name := range d.order {
		if p := d.people[name]; p.follower != nil {
			s.Followers = append(s.Followers, p.follower.report())
		}
	}
	return s
}

// complaints are what followers found wrong.
func (d *driver) complaints() error {
	var errs []error
	for _, name := range d.order {
		if f := d.people[name].follower; f != nil {
			for _, what := range f.wrongs() {
				errs = append(errs, fmt.Errorf("%s: %s", name, what))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *driver) close() {
	for _, p := range d.people {
		if p.follower != nil {
			p.follower.stop()
		}
	}
}

// following are the people who follow the class now, staff first.
func (d *driver) following() []*person {
	var out []*person
	for _, name := range d.order {
		if p := d.people[name]; p.follower != nil && p.follower.open() {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b *person) int {
		return boolToInt(b.follower.staff()) - boolToInt(a.follower.staff())
	})
	return out
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
