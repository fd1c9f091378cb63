package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/school"
)

// floodLine compares windows without (A) and with (B) a flood of chat offered to the first class.
type floodLine struct {
	result
	Classes  int            `json:"classes"`
	Offered  int            `json:"offeredPerSecond"`
	Pairs    int            `json:"pairs"`
	Sent     float64        `json:"sentPerSecond"`     // of the flood, as far as this client came
	Admitted float64        `json:"admittedPerSecond"` // answered as done
	Limited  float64        `json:"refusedPerSecond"`
	SceneA   []ledger.Times `json:"sceneMsA"` // change of scene in the flooded class
	SceneB   []ledger.Times `json:"sceneMsB"`
	OthersA  []ledger.Times `json:"othersSentToEachMsA"` // deliveries in the other classes
	OthersB  []ledger.Times `json:"othersSentToEachMsB"`
	ledger.Sums
}

type floodRun struct {
	site
	classes, size, seconds, pairs, offered int
	speed                                  float64
	rooms                                  []*room
	line                                   floodLine
	flooders                               []*flooder
}

// flooder is a second socket of a student in the first class, which sends without waiting.
type flooder struct {
	chair
	done, limited atomic.Int64
}

func flood(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var f floodRun
	flags := f.flags(name)
	flags.IntVar(&f.classes, "classes", 30, "")
	flags.IntVar(&f.size, "size", 35, "")
	flags.IntVar(&f.seconds, "seconds", 10, "")
	flags.IntVar(&f.pairs, "pairs", 5, "")
	flags.IntVar(&f.offered, "offered", 5000, "")
	flags.Float64Var(&f.speed, "speed", 1, "")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if err := errors.Join(within("classes", f.classes, 2, 100), within("size", f.size, 1, 200), within("seconds", f.seconds, 1, 600),
		within("pairs", f.pairs, 1, 50), within("offered", f.offered, 1, 50_000), within("speed", int(f.speed), 0, 100)); err != nil {
		return false, err
	}
	if err := f.open(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	f.line = floodLine{result: newResult(name, &f.site, f.classes*f.size), Classes: f.classes, Offered: f.offered, Pairs: f.pairs}
	if err := f.fill(ctx); err != nil {
		return false, err
	}
	m := f.meter()
	for pair := range f.pairs {
		for _, flooded := range []bool{false, true} {
			if err := f.window(ctx, uint64(pair), flooded); err != nil {
				return false, err
			}
		}
	}
	m.stop(&f.line.result)
	f.crowd.Close()
	f.crowd = nil
	var done, limited int64
	for _, x := range f.flooders {
		done, limited = done+x.done.Load(), limited+x.limited.Load()
		f.line.add(&x.chair)
	}
	span := float64(f.pairs * f.seconds)
	f.line.Sent, f.line.Admitted, f.line.Limited = f.line.Sent/span, float64(done)/span, float64(limited)/span
	ledgers := make([]*ledger.Ledger, len(f.rooms))
	for i, r := range f.rooms {
		f.line.addRoom(r)
		ledgers[i] = r.ledger
	}
	f.line.Sums = ledger.SumOf(ledgers)
	return f.line.fine(f.line.Sums), print(out, f.line)
}

// fill opens all classes with everybody in them, and the flooders' sockets.
func (f *floodRun) fill(ctx context.Context) error {
	f.rooms = make([]*room, f.classes)
	most := int(float64(2*f.pairs*f.seconds)*f.speed)*chatsAMinute + 1000
	if err := school.Each(f.classes, 8, func(i int) (err error) {
		if f.rooms[i], err = f.openRoom(ctx, i, i*f.size, f.size, most); err == nil {
			err = f.enter(ctx, f.rooms[i], 4)
		}
		return err
	}); err != nil {
		return err
	}
	f.flooders = make([]*flooder, f.size)
	return school.Each(f.size, 8, func(i int) error {
		x := &flooder{}
		x.counts = func(refused bool) {
			if refused {
				x.limited.Add(1)
			} else {
				x.done.Add(1)
			}
		}
		f.flooders[i] = x
		r := f.rooms[0]
		return f.sit(ctx, &x.chair, r.class.Students[i], r.class.Live(""))
	})
}

// window plays all classes but the first, switches scenes in the first, and floods it or not.
func (f *floodRun) window(ctx context.Context, seed uint64, flooded bool) error {
	going, stop := context.WithTimeout(ctx, time.Duration(f.seconds)*time.Second)
	defer stop()
	var all sync.WaitGroup
	errs := make([]error, f.classes+1)
	var scenes []time.Duration
	all.Go(func() { scenes, errs[0] = f.pulse(going, f.rooms[0], 250*time.Millisecond) })
	for i, r := range f.rooms[1:] {
		all.Go(func() { errs[i+1] = f.traffic(going, r, f.speed, seed*1000+uint64(i)) })
	}
	if flooded {
		all.Go(func() { f.pour(going) })
	}
	began := f.crowd.Now()
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var others []*ledger.Ledger
	for _, r := range f.rooms[1:] {
		r.settle(ctx, 10*time.Second)
		others = append(others, r.ledger)
	}
	s, o := ledger.Quantiles(scenes), ledger.Since(others, began)
	if flooded {
		f.line.SceneB, f.line.OthersB = append(f.line.SceneB, s), append(f.line.OthersB, o)
	} else {
		f.line.SceneA, f.line.OthersA = append(f.line.SceneA, s), append(f.line.OthersA, o)
	}
	return nil
}

// pour offers the flood, a hundred times a second, until ctx ends. A socket that is full takes no more: that is not offered.
func (f *floodRun) pour(ctx context.Context) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	text := map[string]any{"content": "flood " + lorem[:60], "to": map[string]string{"audience": "all"}}
	begin, k := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			f.line.Sent += float64(k)
			return
		case <-tick.C:
		}
		for due := int(time.Since(begin).Seconds() * float64(f.offered)); k < due; k++ {
			x := f.flooders[k%len(f.flooders)]
			_ = x.member.Send(command("chat.send", fmt.Sprintf("flood-%d-%d", begin.UnixNano(), k), text))
		}
	}
}
