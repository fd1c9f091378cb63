package gateway

import (
	"time"

	"multistream/shared/event"
)

// update tells what is new.
func (w *writer) update(u Update) error {
	if u.Status != nil {
		if err := w.status(u.Status); err != nil {
			return err
		}
	}
	for _, e := range u.Entries {
		var err error
		switch w.add(e) {
		case full:
			err = w.flush("events")
		case refresh:
			if len(w.copies) > 0 {
				err = w.flush("events")
			}
			if err == nil {
				err = w.fresh(nil)
			}
		case recheck:
			if err = w.flush("events"); err == nil {
				err = w.recheck()
			}
		}
		if err != nil {
			return err
		}
	}
	switch {
	case len(w.copies) > 0:
		return w.flush("events")
	case w.upTo > w.from && w.skip.IsZero():
		w.skip = time.Now().Add(w.g.o.Pace.Skip)
	}
	return nil
}

// recheck reads the person's standing anew; who is out by now gets no more.
func (w *writer) recheck() error {
	now, err := w.g.look(w.ctx, w.who, w.session, false)
	if err != nil {
		return err
	}
	was := w.standing
	w.standing = now.standing
	return now.out(was)
}

// flush writes the batch as a frame.
func (w *writer) flush(kind string) error {
	buf := buffers.Get().(*[]byte)
	*buf = w.appendTo((*buf)[:0])
	w.skip = time.Time{}
	err := w.write(kind, *buf)
	if kind == "events" && !w.since.IsZero() {
		w.g.metrics.fanout.Observe(time.Since(w.since).Seconds())
	}
	if cap(*buf) <= 2*frameBytes {
		buffers.Put(buf)
	}
	return err
}

func (w *writer) status(s *Status) error {
	b, err := event.Marshal(struct {
		Status *Status `json:"status"`
	}{s})
	if err != nil {
		return err
	}
	return w.write("status", b)
}
