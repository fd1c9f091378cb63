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

// dayLine is the line of a school's day.
type dayLine struct {
	result
	Classes  int          `json:"classes"`
	Lessons  int          `json:"lessons"` // one after the other, each ended and begun by a bell
	Speed    float64      `json:"speed"`   // of the traffic; 1 is as people do
	Bell     []float64    `json:"bellSeconds"`
	MemoryAt []float64    `json:"serverMBAfterLessons"`
	Assembly ledger.Times `json:"assemblySentToEachMs"`
	ledger.Sums
}

type dayRun struct {
	site
	classes, size, lessons, seconds, assembly int
	speed                                     float64
	line                                      dayLine
	mu                                        sync.Mutex
}

// day plays lessons in all classes at once, a bell between them, and an assembly of everybody at the end.
func day(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var d dayRun
	flags := d.flags(name)
	flags.IntVar(&d.classes, "classes", 30, "")
	flags.IntVar(&d.size, "size", 35, "")
	flags.IntVar(&d.lessons, "lessons", 2, "")
	flags.IntVar(&d.seconds, "seconds", 60, "")
	flags.IntVar(&d.assembly, "assembly", 10, "")
	flags.Float64Var(&d.speed, "speed", 1, "")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if err := errors.Join(within("classes", d.classes, 1, 100), within("size", d.size, 1, 200), within("lessons", d.lessons, 1, 1000),
		within("seconds", d.seconds, 1, maxSeconds), within("assembly", d.assembly, 0, 600), within("speed", int(d.speed), 0, 100)); err != nil {
		return false, err
	}
	if err := d.open(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	d.line = dayLine{result: newResult(name, &d.site, d.classes*d.size), Classes: d.classes, Lessons: d.lessons, Speed: d.speed}
	m := d.meter()
	for n := range d.lessons {
		if err := d.lesson(ctx, uint64(n)); err != nil {
			return false, err
		}
		d.line.MemoryAt = append(d.line.MemoryAt, float64(d.server.Memory())/1e6)
	}
	if d.assembly > 0 {
		if err := d.gather(ctx); err != nil {
			return false, err
		}
	}
	m.stop(&d.line.result)
	if all := float64(d.line.Deliveries); all > 0 {
		d.line.CPUPerMillion = d.line.ServerCPU / all * 1e6
		d.line.DeliveriesPerSecond = all / d.line.Seconds
	}
	return d.line.fine(d.line.Sums), print(out, d.line)
}

// lesson is one lesson of all classes: everybody signs in and comes in at the bell, and leaves at the next.
func (d *dayRun) lesson(ctx context.Context, n uint64) error {
	rooms := make([]*room, d.classes)
	bell := time.Now()
	most := int(float64(d.seconds)*d.speed)*chatsAMinute + 1000
	if err := school.Each(d.classes, 8, func(i int) (err error) {
		rooms[i], err = d.openRoom(ctx, i, i*d.size, d.size, most)
		return err
	}); err != nil {
		return err
	}
	if err := school.Each(d.classes, d.classes, func(i int) error { return d.enter(ctx, rooms[i], 8) }); err != nil {
		return err
	}
	d.line.Bell = append(d.line.Bell, time.Since(bell).Seconds())
	going, stop := context.WithTimeout(ctx, time.Duration(d.seconds)*time.Second)
	defer stop()
	var all sync.WaitGroup
	for i, r := range rooms {
		all.Go(func() {
			if err := d.traffic(going, r, d.speed, n*1000+uint64(i)); err != nil {
				d.failed(fmt.Errorf("class %d: %w", i+1, err))
			}
		})
	}
	all.Wait()
	for _, r := range rooms {
		r.settle(ctx, 10*time.Second)
	}
	return d.leave(ctx, rooms)
}

func (d *dayRun) failed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.line.fail(err)
}

// leave ends the classes and takes the account of each.
func (d *dayRun) leave(ctx context.Context, rooms []*room) error {
	for _, r := range rooms {
		r.teacher.member.Close()
		for _, c := range r.chairs {
			c.member.Close()
		}
	}
	if err := school.Each(len(rooms), 8, func(i int) error { return d.api.End(ctx, rooms[i].class) }); err != nil {
		return err
	}
	if err := d.renewCrowd(); err != nil { // from here on nothing of these rooms changes
		return err
	}
	for _, r := range rooms {
		d.line.addRoom(r)
	}
	sums := make([]*ledger.Ledger, len(rooms))
	for i, r := range rooms {
		sums[i] = r.ledger
	}
	d.line.Sums.Add(ledger.SumOf(sums))
	return nil
}

// gather is an assembly: one class of everybody, the head speaks.
func (d *dayRun) gather(ctx context.Context) error {
	r, err := d.openRoom(ctx, 0, 0, d.classes*d.size, 10*d.assembly+10)
	if err != nil {
		return err
	}
	if err := d.enter(ctx, r, 32); err != nil {
		return err
	}
	for range d.assembly * 5 {
		if err := d.say(ctx, r, -1, lorem, true); err != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	r.settle(ctx, 10*time.Second)
	if err := d.leave(ctx, []*room{r}); err != nil {
		return err
	}
	d.line.Assembly = r.ledger.Sum().SentToEach
	return nil
}
