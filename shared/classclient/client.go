package classclient

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// Options say whose client it is, of which class. Edge, Session and Token are required.
type Options struct {
	Edge    string // address like http://127.0.0.1:8080
	Session event.ID
	// Token gives an access token: another one than refused, which the edge did not take, unless that is empty.
	Token func(ctx context.Context, refused string) (string, error)

	Transport *http.Transport // nil: one of its own; its connections are given up when the network seems to swallow them
	Commands  map[string]Address
	Silence   time.Duration // without a message, or an answer to a poll, before a connection is given up [7 s: an edge says something every 5 s]
	Wait      time.Duration // whole seconds that the edge waits in a poll, less than Silence [5 s]
	Answer    time.Duration // before a command over REST is asked for again [20 s]
	Retry     time.Duration // on polls after a socket was broken off; doubles each time, up to 30 times it [1 min]
	Pause     time.Duration // longest pause between tries while there is no network [2 s]
	Queue     int           // commands that may wait [200]
}

// Mode is how a client is connected: what its screen says of that.
type Mode string

// The modes.
const (
	Offline Mode = "offline" // what is given waits
	Socket  Mode = "socket"
	Polling Mode = "polling"
	Out     Mode = "out" // the edge put its person out, or does not take them; it does not come back by itself
)

// errBroken is a connection that ended without a reason given by the edge.
var errBroken = errors.New("the connection was broken off")

// Client follows one class for one person. Make it with Start.
type Client struct {
	o    Options
	rest REST

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when anything below changes
	screen  *Screen
	mode    Mode
	why     *Refusal // for Out
	token   string
	conn    *websocket.Conn
	replies chan *Message // of conn
	queue   []*given
	counts  Counts

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Counts tell what a client went through.
type Counts struct {
	Sockets int // that were opened
	Broken  int // sockets and polls that ended without a reason
	Polls   int // that were answered
	Joined  int // times that it joined again
	Again   int // commands that were asked for again with their key
}

// Start makes a client that goes on from a view, or from nothing if view is nil.
func Start(ctx context.Context, o Options, view []byte, at event.Position) (*Client, error) {
	for d, otherwise := range map[*time.Duration]time.Duration{
		&o.Silence: 7 * time.Second, &o.Wait: 5 * time.Second, &o.Answer: 20 * time.Second, &o.Retry: time.Minute, &o.Pause: 2 * time.Second,
	} {
		if *d <= 0 {
			*d = otherwise
		}
	}
	if o.Queue <= 0 {
		o.Queue = 200
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: 20 * time.Second}
	}
	c := &Client{o: o, rest: REST{Edge: o.Edge, HTTP: &http.Client{Transport: o.Transport}, Commands: o.Commands},
		changed: make(chan struct{}), screen: NewScreen(), mode: Offline}
	if view != nil {
		if err := c.screen.Begin(view, at); err != nil {
			return nil, err
		}
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.done.Go(func() { c.follow(ctx) })
	c.done.Go(func() { c.sendAll(ctx) })
	return c, nil
}

// Close ends the client; commands that still wait are refused with the context's error.
func (c *Client) Close() {
	c.cancel()
	c.done.Wait()
	c.o.Transport.CloseIdleConnections()
}

// Look shows f the screen while nothing changes it.
func (c *Client) Look(f func(s *Screen, m Mode)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.screen, c.mode)
}

// Counts tells what the client went through so far.
func (c *Client) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Until waits until a condition, asked while nothing changes the screen, holds.
func (c *Client) Until(ctx context.Context, holds func(s *Screen, m Mode) bool) error {
	for {
		c.mu.Lock()
		changed, held := c.changed, holds(c.screen, c.mode)
		c.mu.Unlock()
		if held {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Why is what the edge said when it put the person out, nil otherwise.
func (c *Client) Why() *Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

func (c *Client) out() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode == Out
}

// change does something with the lock held and wakes whoever waits for a change.
func (c *Client) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// follow keeps the screen up to date until ctx ends or the person is out. A socket comes first. Where one can't be opened or
// was broken off, and a poll is answered all the same, the network is one that lets no socket live: the client stays on
// polls for a while, longer each time. Where neither gets through there is no network, and what comes first is a socket again.
func (c *Client) follow(ctx context.Context) {
	var socketAt time.Time // when a socket may be tried again
	retry, failures := c.o.Retry, 0
	for ctx.Err() == nil {
		began := time.Now()
		var err error
		if began.Before(socketAt) {
			err = c.pollOnce(ctx)
		} else if err = c.overSocket(ctx); errors.Is(err, errBroken) && ctx.Err() == nil {
			if time.Since(began) > 10*retry {
				retry = c.o.Retry
			}
			c.lost()
			if err = c.pollOnce(ctx); err == nil {
				socketAt, retry = time.Now().Add(retry), min(2*retry, 30*c.o.Retry)
			}
		}
		var refusal *Refusal
		if errors.As(err, &refusal) {
			err = c.refused(ctx, refusal)
		}
		switch {
		case err == nil:
			failures = 0
		case errors.Is(err, errOut), ctx.Err() != nil:
			return
		default:
			c.lost()
			socketAt = time.Time{}
			failures++
			rest(ctx, c.backoff(failures))
		}
	}
}

var errOut = errors.New("out")

// refused does what a refusal of a connection asks for. It returns errOut if the person stays out, and any other error if
// it is to be tried again after a while.
func (c *Client) refused(ctx context.Context, r *Refusal) error {
	switch code := fault.Code(r.Code); {
	case r.renews():
		return c.renew(ctx)
	case code == fault.NotJoined:
		return c.joinAgain(ctx)
	case r.Pause() > 0:
		rest(ctx, r.Pause())
		return nil
	case r.unsure(), code == fault.LimitReached: // of connections: those that the network swallowed still count
		return r
	}
	c.change(func() { c.mode, c.why = Out, r })
	return errOut
}

// joinAgain comes back after a time away that the class has noted.
func (c *Client) joinAgain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Answer)
	defer cancel()
	token, err := c.access(ctx)
	if err != nil {
		return err
	}
	_, err = c.overREST(ctx, token, &given{typ: "participant.join", key: event.NewID().String()})
	var refusal *Refusal
	switch {
	case err == nil:
		c.change(func() { c.counts.Joined++ })
	case errors.As(err, &refusal) && fault.Code(refusal.Code) != fault.NotJoined:
		return c.refused(ctx, refusal)
	}
	return err
}

func (c *Client) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	token, err := c.o.Token(ctx, "")
	if err == nil {
		c.change(func() { c.token = token })
	}
	return token, err
}

func (c *Client) renew(ctx context.Context) error {
	c.mu.Lock()
	refused := c.token
	c.mu.Unlock()
	token, err := c.o.Token(ctx, refused)
	if err == nil {
		c.change(func() { c.token = token })
	}
	return err
}

// lost notes that there is no connection, and gives up those that may be swallowed.
func (c *Client) lost() {
	c.o.Transport.CloseIdleConnections()
	c.change(func() {
		c.mode, c.screen.Halted = Offline, false
		c.counts.Broken++
	})
}

// backoff grows from a tenth of a second to Pause; chance keeps many clients from coming at once.
func (c *Client) backoff(failures int) time.Duration {
	d := min(c.o.Pause, 100*time.Millisecond<<min(failures-1, 10))
	return d/2 + rand.N(d/2+1)
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
