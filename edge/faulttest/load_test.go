package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowd is a set of clients that send commands without end, over the kills of their server. An answer is written to a
// file and synced before it counts; what had no answer is sent again with the same key.
type crowd struct {
	acks     string // the file
	lines    chan line
	answers  atomic.Int64
	repeats  atomic.Int64
	answered chan struct{} // gets something, now and then, when answers grew
	stop     context.CancelFunc
	done     sync.WaitGroup
	mu       sync.Mutex
	waiting  map[int]string // key of the command on its way, by client
	refused  string         // the last answer that was none
	differ   []string       // commands that got another answer when they were sent again
}

// retryPause is how long a client waits before it knocks at a dead server again.
const retryPause = 2 * time.Millisecond

func newCrowd(t *testing.T, tg target, size int, folder, address string) *crowd {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	path := filepath.Join(folder, "acks")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{acks: path, lines: make(chan line, size), stop: stop, answered: make(chan struct{}, 1), waiting: map[int]string{}}
	var clients sync.WaitGroup
	for n := range size {
		clients.Go(func() { c.run(ctx, n, tg.client(n, address)) })
	}
	c.done.Go(func() {
		clients.Wait()
		close(c.lines)
	})
	c.done.Go(func() {
		defer file.Close()
		for first := range c.lines {
			c.writeDown(file, first)
		}
	})
	t.Cleanup(c.end)
	return c
}

// line is an answer that waits to be written down.
type line struct {
	text    []byte
	written chan struct{}
}

// writeDown writes and syncs all answers that wait, and counts them.
func (c *crowd) writeDown(file *os.File, first line) {
	group, text := []line{first}, first.text
	for more := true; more; {
		select {
		case next, ok := <-c.lines:
			if more = ok; ok {
				group, text = append(group, next), append(text, next.text...)
			}
		default:
			more = false
		}
	}
	_, err := file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		c.complain(fmt.Sprintf("what the server answered can't be written down: %v", err))
		c.stop()
		return
	}
	c.answers.Add(int64(len(group)))
	for _, l := range group {
		close(l.written)
	}
	select {
	case c.answered <- struct{}{}:
	default:
	}
}

func (c *crowd) run(ctx context.Context, n int, client client) {
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("client-%d-command-%d", n, i)
		c.note(n, key)
		a, err := c.insist(ctx, client, key)
		c.note(n, "")
		if err != nil {
			return
		}
		text, err := json.Marshal(a)
		if err != nil {
			c.complain(err.Error())
			return
		}
		l := line{append(text, '\n'), make(chan struct{})}
		c.lines <- l
		select {
		case <-l.written:
		case <-ctx.Done():
			return
		}
		if i%16 == 0 && c.repeat(ctx, client, key, a) != nil {
			return
		}
	}
}

// repeat sends an answered command again: the answer must be the same, whatever happened to the server meanwhile.
func (c *crowd) repeat(ctx context.Context, client client, key string, first acknowledged) error {
	second, err := c.insist(ctx, client, key)
	if err != nil {
		return err
	}
	c.repeats.Add(1)
	if second != first {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.differ = append(c.differ, fmt.Sprintf("first answered with %+v, then with %+v", first, second))
	}
	return nil
}

// differing lists the commands that did not get the same answer twice.
func (c *crowd) differing() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.differ
}

// insist sends a command until it is answered or the crowd ends.
func (c *crowd) insist(ctx context.Context, client client, key string) (acknowledged, error) {
	for {
		a, err := client.send(ctx, key)
		if err == nil || ctx.Err() != nil {
			return a, err
		}
		c.complain(err.Error())
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
}

func (c *crowd) complain(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = what
}

func (c *crowd) note(n int, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[n] = key
}

// pending lists the keys of the commands that are on their way.
func (c *crowd) pending() (keys []string, refused string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range c.waiting {
		if key != "" {
			keys = append(keys, key)
		}
	}
	return keys, c.refused
}

// await waits until there are more than n answers.
func (c *crowd) await(ctx context.Context, n int64) error {
	for c.answers.Load() <= n {
		select {
		case <-c.answered:
		case <-ctx.Done():
			_, refused := c.pending()
			return fmt.Errorf("no answer in time; the last was: %s", refused)
		}
	}
	return nil
}

func (c *crowd) end() {
	c.stop()
	c.done.Wait()
}
