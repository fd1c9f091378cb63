package gateway

import "time"

// next waits until something is to be done: in the hall if the client has all there is and the hall follows the class, else by the
// socket's own stream.
func (w *socketWriter) next(at time.Time) (Update, error) {
	if w.torn {
		w.torn = false
		w.writeBy(time.Now())
		if err := w.socket.conn.Flush(w.by); err != nil {
			w.slow(err)
			return Update{}, errGone
		}
	}
	if w.hall == nil {
		return w.stream.Next(w.wake.atMost(w.ctx, at))
	}
	if !w.seated.Load() {
		told := w.hall.told.Load()
		w.stream.Skip(w.upTo)
		w.stream.Nudge() // so that Next only looks
		u, err := w.stream.Next(w.wake.atMost(w.ctx, at))
		if err != nil || len(u.Entries) > 0 || u.Status != nil {
			return u, err
		}
		if seated, news := w.hall.sit(w, told); news {
			return Update{}, nil
		} else if !seated {
			return w.stream.Next(w.wake.atMost(w.ctx, at))
		}
	}
	return Update{}, w.rest(at)
}

// rest waits in the seat.
func (w *socketWriter) rest(at time.Time) error {
	if w.timer == nil {
		w.timer = time.NewTimer(time.Until(at))
	} else {
		w.timer.Reset(time.Until(at))
	}
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-w.nudge:
	case <-w.timer.C:
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
	return nil
}

// Nudge has the goroutine look for what else there is to do, wherever it waits.
func (w *socketWriter) Nudge() {
	w.stream.Nudge()
	w.ring()
}

// ring ends a wait in the seat, or else the next one.
func (w *socketWriter) ring() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}
