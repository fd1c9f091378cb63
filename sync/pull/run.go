package pull

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// Link carries frames to the hub.
type Link interface {
	// Ask gives the answer to a frame, or an error if nobody is there or ctx ends first.
	Ask(ctx context.Context, frame []byte) ([]byte, error)
}

// Store is where copies are kept. It is safe for concurrent use.
type Store interface {
	// Copies gives the schools that a hub rules, and where their copies are.
	Copies(ctx context.Context) ([]directory.Copy, error)
	// ApplyChange writes a change durably in one transaction, or returns an error and nothing of it is written. It refuses a change that
	// does not follow the copy that is there.
	ApplyChange(ctx context.Context, c directory.Change) (directory.Applied, error)
	// Confirm keeps when the hub last said that these copies are current.
	Confirm(ctx context.Context, tenants []event.ID, at event.Time) error
	// Outcomes gives those that the hub was not told yet, oldest first; Told says that it was.
	Outcomes(ctx context.Context, limit int) ([]directory.Outcome, error)
	Told(ctx context.Context, outcomes []directory.Outcome) error
}

// Settler adopts plans and does what the hub asks of classes.
type Settler interface {
	// Settle gives what became of them, durable; left tells how many could not be settled now, and err why.
	Settle(ctx context.Context, e Settle) (outcomes []directory.Outcome, left int, err error)
}

// Runner does what a Machine asks for.
type Runner struct {
	Config  Config
	Link    Link
	Store   Store
	Settler Settler
	// Applied is told what a change means to those who are signed in, once it is durable and before the next one; nil: nobody is.
	Applied func(tenant event.ID, a directory.Applied)
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: none

	once   sync.Once
	inputs chan Input

	mu     sync.Mutex
	status Status
}

// Status tells how things stand; the zero Status before Run.
func (r *Runner) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Up, Down and Nudge tell of the link. They never wait, and may be called from anywhere, also before Run; nobody has to call them, for what is
// not answered is asked again.
func (r *Runner) Up()    { r.tell(LinkUp{}) }
func (r *Runner) Down()  { r.tell(LinkDown{}) }
func (r *Runner) Nudge() { r.tell(Nudged{}) }

// news is how many tidings of the link may wait; what comes beside them is found out by the next look.
const news = 64

func (r *Runner) tell(in Input) {
	r.once.Do(func() { r.inputs = make(chan Input, news) })
	select {
	case r.inputs <- in:
	default:
	}
}

// Run pulls until ctx is done. It returns an error if the store can't be read at the start.
func (r *Runner) Run(ctx context.Context) error {
	r.once.Do(func() { r.inputs = make(chan Input, news) })
	now, log := r.Now, r.Log
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	copies, err := r.Store.Copies(ctx)
	if err != nil {
		return fmt.Errorf("what the hub rules here can't be read: %w", err)
	}
	outcomes, err := r.Store.Outcomes(ctx, keptOutcomes)
	if err != nil {
		return fmt.Errorf("what the hub is to be told can't be read: %w", err)
	}
	m := New(r.Config, copies, outcomes, now())
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan Input)
	var working sync.WaitGroup
	defer func() { cancel(); working.Wait() }()
	start := func(do func(context.Context) Input) {
		working.Go(func() {
			in := do(ctx)
			select {
			case results <- in:
			case <-ctx.Done():
			}
		})
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for in := Input(LinkUp{}); ; { // there may be somebody, until the first question shows that there is not
		at := now()
		for _, e := range m.Step(at, in) {
			r.do(e, start, log)
		}
		r.show(m.Status(), log)
		if d := m.Deadline(at); d.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(d.Sub(at), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return nil
		case in = <-r.inputs:
		case in = <-results:
		case <-timer.C:
			in = Tick{}
		}
	}
}

// keptOutcomes is how many untold outcomes are read at the start; the others are when these are told and it starts again.
const keptOutcomes = 10_000

// do starts an effect.
func (r *Runner) do(e Effect, start func(func(context.Context) Input), log *slog.Logger) {
	switch e := e.(type) {
	case Send:
		start(func(ctx context.Context) Input {
			ctx, cancel := context.WithTimeout(ctx, answerTime)
			defer cancel()
			answer, err := r.Link.Ask(ctx, e.Frame)
			if err != nil {
				return NoAnswer{Number: e.Number}
			}
			return Reply{Number: e.Number, Frame: answer}
		})
	case Apply:
		start(func(ctx context.Context) Input {
			a, err := r.Store.ApplyChange(ctx, e.Change)
			if err == nil && r.Applied != nil {
				r.Applied(e.Change.TenantID, a)
			}
			return Applied{Plans: a.Plans, Err: err}
		})
	case Settle:
		start(func(ctx context.Context) Input {
			outcomes, left, err := r.Settler.Settle(ctx, e)
			if err != nil && ctx.Err() == nil {
				log.Warn("what the hub planned or asks could not be done now; it is tried again", "left", left, "error", err)
			}
			return Settled{Outcomes: outcomes, Left: left, Err: err}
		})
	case Save:
		start(func(ctx context.Context) Input {
			err := r.Store.Confirm(ctx, e.Confirmed, event.TimeOf(e.At))
			if err == nil {
				err = r.Store.Told(ctx, e.Told)
			}
			if err != nil && ctx.Err() == nil {
				log.Warn("what the hub was told could not be noted; it is told again after a restart", "error", err)
			}
			return Saved{Err: err}
		})
	}
}

// show keeps the status, and logs it where it became another one.
func (r *Runner) show(s Status, log *slog.Logger) {
	r.mu.Lock()
	before := r.status
	r.status = s
	r.mu.Unlock()
	if before.State == s.State && before.Why == s.Why {
		return
	}
	level := slog.LevelInfo
	if s.State == Refused || s.State == OtherWire {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "copy of the hub's directory", "state", s.State, "reason", s.Why, "schools", len(s.Schools))
}
