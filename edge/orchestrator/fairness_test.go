package orchestrator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// sharedWriter is one writer for all classes, with the bounds of the store's: 1,024 batches and 32 MiB may wait, a transaction
// takes 256 of them or 4 MiB, and lasts 4 ms and 40 ms more a MiB.
type sharedWriter struct {
	*testLog
	mu      sync.Mutex
	queue   []waiting
	bytes   int
	running bool
	busy    int
	most    int // bytes that waited at once
}

type waiting struct {
	batch eventlog.Batch
	done  func(error)
	size  int
}

func (w *sharedWriter) Start(b eventlog.Batch, done func(error)) {
	size := 256
	for i := range b.Events {
		size += len(b.Events[i].Payload) + 512
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= 1024 || len(w.queue) > 0 && w.bytes+size > 32<<20 {
		w.busy++
		go done(eventlog.ErrBusy)
		return
	}
	w.queue, w.bytes = append(w.queue, waiting{b, done, size}), w.bytes+size
	w.most = max(w.most, w.bytes)
	if !w.running {
		w.running = true
		go w.run()
	}
}

func (w *sharedWriter) Queue(b eventlog.Batch, done func(error)) { w.Start(b, done) }

func (w *sharedWriter) Write() {}

func (w *sharedWriter) run() {
	for {
		w.mu.Lock()
		n, size := 0, 0
		for n < len(w.queue) && n < 256 && size < 4<<20 {
			size += w.queue[n].size
			n++
		}
		group := w.queue[:n:n]
		w.queue, w.bytes = w.queue[n:], w.bytes-size
		w.running = n > 0
		w.mu.Unlock()
		if n == 0 {
			return
		}
		<-time.After(4*time.Millisecond + 40*time.Millisecond*time.Duration(size)/(1<<20))
		for _, r := range group {
			r.done(w.Log.Append(context.Background(), r.batch))
		}
	}
}

// Classes that have more to write than the disk takes are held up themselves, by their own bounds; a class beside them is not:
// each of its messages is durable within three short transactions, and none is refused for want of room.
func TestFloodedClassesHoldUpNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		if err := b.stop(); err != nil {
			t.Fatal(err)
		}
		writer := &sharedWriter{testLog: b.log}
		b.shared = writer
		b.start()
		b.live()
		var flooded []event.ID
		for i := range 2 {
			flooded = append(flooded, b.plan(i))
			b.giveIn(flooded[i], "participant.join", "join", &session.ParticipantJoin{})
			b.giveIn(flooded[i], "session.start", "start", &session.SessionStart{})
		}
		stop := make(chan struct{})
		var flood sync.WaitGroup
		text := strings.Repeat("\U0001F4D0", 4000) // as large as a command may be
		for _, id := range flooded {
			for n := range 200 {
				flood.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						if err := b.giveIn(id, "note.add", fmt.Sprintf("n%d-%d", n, i), &session.NoteAdd{Content: text, Audience: "staff"}); err != nil && fault.Of(err).Code != fault.Busy {
							t.Errorf("a flooded class was told %v", err)
							return
						}
					}
				})
			}
		}
		worst := time.Duration(0)
		for i := range 8 {
			<-time.After(20 * time.Millisecond)
			began := time.Now()
			b.say(ada, fmt.Sprint("quiet", i), "hello")
			worst = max(worst, time.Since(began))
		}
		close(stop)
		flood.Wait()
		if worst > 300*time.Millisecond || writer.busy > 0 || writer.most > len(flooded)*2<<20 {
			t.Errorf("a quiet class waited %s at worst; %d batches were refused, up to %d bytes waited", worst, writer.busy, writer.most)
		}
		b.checkLog()
	})
}

// giveIn gives a command of the teacher's to another class.
func (b *box) giveIn(id event.ID, typ, key string, payload any) error {
	digest, err := event.CanonicalJSON(payload)
	if err != nil {
		return err
	}
	_, err = b.Do(b.t.Context(), Request{TenantID: school, SessionID: id, Digest: digest,
		Command: session.Command{Type: typ, Key: key, Actor: rivera, Payload: payload}})
	return err
}
