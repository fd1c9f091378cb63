package push

import (
	"bytes"
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/sync/wire"
)

var (
	hubKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	start  = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
)

// talk is a machine and what it has asked for.
type talk struct {
	t    *testing.T
	m    *Machine
	now  time.Time
	in   event.ID
	line event.ID
	out  []Effect
}

func newTalk(t *testing.T, last int64) *talk {
	k := &talk{t: t, now: start, in: event.NewID(), line: event.NewID()}
	k.m = New(Config{Edge: event.NewID(), HubKey: hubKey.Public().(ed25519.PublicKey), Random: rand.New(rand.NewPCG(1, 2))}, []Life{{Incarnation: k.in, Last: last}}, k.now)
	k.step(LinkUp{})
	return k
}

func (k *talk) step(in Input) { k.out = append(k.out, k.m.Step(k.now, in)...) }

// pass lets time pass, with a tick whenever the machine wants one, until it asks for something or d is over.
func (k *talk) pass(d time.Duration) {
	for end := k.now.Add(d); len(k.out) == 0; {
		due := k.m.Deadline(k.now)
		if due.IsZero() || due.After(end) {
			k.now = end
			return
		}
		if due.After(k.now) {
			k.now = due
		}
		k.step(Tick{})
	}
}

// take gives the one thing that it asks for.
func take[E Effect](k *talk) E {
	k.t.Helper()
	if len(k.out) != 1 {
		k.t.Fatalf("it asks for %d things: %+v", len(k.out), k.out)
	}
	e, ok := k.out[0].(E)
	if !ok {
		k.t.Fatalf("it asks for %T", k.out[0])
	}
	k.out = nil
	return e
}

// answers gives an answer to the request that was sent.
func (k *talk) answers(kind wire.Kind, body []byte) {
	k.t.Helper()
	number := take[Send](k).Number
	frame, err := wire.Frame{Kind: kind, Level: 1, Number: number, Body: body}.Append(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.now = k.now.Add(10 * time.Millisecond)
	k.step(Reply{Number: number, Frame: frame})
}

func (k *talk) welcome(change func(*wire.Welcome)) {
	k.t.Helper()
	seal, err := wire.NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		k.t.Fatal(err)
	}
	w := wire.Welcome{Level: 1, Lineage: k.line, Time: event.TimeOf(k.now), Events: 500, Bytes: 1 << 20, HubKey: hubKey.Public().(ed25519.PublicKey), SealKey: seal.Public()}
	if change != nil {
		change(&w)
	}
	if w.Signed == nil {
		w.Signed = ed25519.Sign(hubKey, wire.SealStatement(w.Lineage, w.SealKey))
	}
	k.answers(wire.KindWelcome, w.Append(nil))
}

func (k *talk) refuses(r wire.Refusal) {
	k.t.Helper()
	k.answers(wire.KindRefusal, r.Append(nil))
}

// composed answers what is to be composed with a batch up to a position.
func (k *talk) composed(upTo int64) Compose {
	k.t.Helper()
	c := take[Compose](k)
	k.step(Composed{After: c.After, Body: []byte("batch"), UpTo: upTo, Hash: event.Hash{byte(upTo)}, Count: int(upTo - c.After), Time: event.TimeOf(k.now)})
	return c
}

func (k *talk) acked(upTo int64, receipts ...event.Receipt) {
	k.t.Helper()
	k.answers(wire.KindAck, (&wire.Ack{Incarnation: k.in, UpTo: upTo, Receipts: receipts}).Append(nil))
}

func (k *talk) is(s State) Status {
	k.t.Helper()
	st := k.m.Status()
	if st.State != s {
		k.t.Fatalf("it is %s (%s), want %s", st.State, st.Why, s)
	}
	return st
}

func TestStreams(t *testing.T) {
	k := newTalk(t, 5)
	k.is(Greeting)
	k.welcome(nil)
	k.is(Streaming)
	if c := k.composed(3); c.After != 0 || c.Incarnation != k.in {
		t.Errorf("asked for %+v", c)
	}
	k.acked(3)
	if st := k.is(Streaming); st.Safe != 3 || st.Lag != 2 || st.LagSince.IsZero() || st.Missing != 0 {
		t.Errorf("it shows %+v", st)
	}
	if s := take[Save](k); s.Cursor.Position != 3 || s.Cursor.Lineage != k.line || s.Cursor.Hash != (event.Hash{3}) {
		t.Errorf("it keeps %+v", s)
	}
	k.step(Saved{})
	k.pass(linger)
	if c := k.composed(5); c.After != 3 {
		t.Errorf("asked for %+v", c)
	}
	k.acked(5)
	if st := k.is(Streaming); st.Safe != 5 || st.Lag != 0 || !st.LagSince.IsZero() {
		t.Errorf("it shows %+v", st)
	}
	k.pass(savePause)
	take[Save](k)
	k.step(Saved{})
	if k.pass(time.Minute); len(k.out) > 0 { // nothing to do
		t.Errorf("it asks for %+v", k.out)
	}
	k.step(Log{[]Life{{Incarnation: k.in, Last: 6}}})
	k.composed(6)
	k.acked(6)
	if c := k.m.Status(); c.Safe != 6 {
		t.Errorf("it shows %+v", c)
	}
}

// TestBelievesNobodyElse: a hub with another key, or without a proof, gets nothing.
func TestBelievesNobodyElse(t *testing.T) {
	for name, change := range map[string]func(*wire.Welcome){
		"another key": func(w *wire.Welcome) { w.HubKey = bytes.Repeat([]byte{9}, 32) },
		"no proof":    func(w *wire.Welcome) { w.Signed = make([]byte, 64) },
	} {
		k := newTalk(t, 5)
		k.welcome(change)
		k.is(Refused)
		if k.pass(40 * time.Second); len(k.out) > 0 {
			t.Errorf("%s: it goes on: %+v", name, k.out)
		}
		k.pass(time.Minute)
		k.welcome(nil) // somebody has put it right
		k.is(Streaming)
	}
	k := newTalk(t, 1)
	k.welcome(nil)
	k.composed(1)
	forged := event.Receipt{Head: event.Head{TenantID: event.NewID(), SessionID: event.NewID(), Epoch: 1, Sequence: 1}, ReceivedAt: 1}
	forged.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)))
	k.acked(1, forged)
	k.is(Refused)
	if s := take[Save](k); len(s.Receipts) > 0 {
		t.Error("a forged receipt is kept")
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code  wire.Code
		state State
		quiet time.Duration // at least so long nothing is asked
		loud  time.Duration // and after so long something is
	}{
		{wire.Later, Waiting, 300 * time.Millisecond, time.Second},
		{wire.Tenant, Refused, 40 * time.Second, 2 * time.Minute},
		{wire.Malformed, Refused, 40 * time.Second, 2 * time.Minute},
		{wire.Stranger, Refused, 40 * time.Second, 2 * time.Minute},
		{wire.NoLevel, OtherWire, 40 * time.Second, 2 * time.Minute},
		{wire.Fenced, Fenced, 3 * time.Minute, 10 * time.Minute},
		{99, Refused, 40 * time.Second, 2 * time.Minute}, // of a newer hub
	} {
		k := newTalk(t, 5)
		k.welcome(nil)
		k.composed(5)
		k.refuses(wire.Refusal{Code: c.code, Why: "so it is"})
		if st := k.is(c.state); st.Why == "" || st.Safe != 0 || st.Lag != 5 {
			t.Errorf("%s: it shows %+v", c.code, st)
		}
		if k.pass(c.quiet); len(k.out) > 0 {
			t.Errorf("%s: it asks at once for %+v", c.code, k.out)
		}
		if k.pass(c.loud); len(k.out) == 0 {
			t.Errorf("%s: it asks for nothing any more", c.code)
		}
	}
}

// TestKeys: keys go once, and again when the hub asks, or is another one.
func TestKeys(t *testing.T) {
	key := wire.KeyRef{TenantID: event.NewID(), KeyID: event.NewID()}
	k := newTalk(t, 9)
	k.welcome(nil)
	send := func(after, upTo int64) Compose {
		t.Helper()
		k.pass(time.Second)
		for len(k.out) > 0 {
			if _, ok := k.out[0].(Save); !ok {
				break
			}
			k.out = nil
			k.step(Saved{})
			k.pass(time.Second)
		}
		c := take[Compose](k)
		k.step(Composed{After: after, Body: []byte("batch"), UpTo: upTo, Count: 1, Keys: []wire.KeyRef{key}})
		return c
	}
	if send(0, 1).Known(key) {
		t.Error("it is known before it was sent")
	}
	k.acked(1)
	if !send(1, 2).Known(key) {
		t.Error("it is sent twice")
	}
	k.refuses(wire.Refusal{Code: wire.WantKeys, Keys: []wire.KeyRef{key}, Why: "no keys"})
	if send(1, 2).Known(key) {
		t.Error("it is not sent although it was asked for")
	}
	k.acked(2)
	if !send(2, 3).Known(key) {
		t.Error("it is sent again")
	}
	k.refuses(wire.Refusal{Code: wire.Gap, UpTo: 1, Why: "I have up to 1"})
	k.line = event.NewID()
	k.pass(time.Second)
	k.welcome(func(w *wire.Welcome) { w.UpTo = 1 })
	if st := k.m.Status(); st.Safe != 1 || st.Resent == 0 {
		t.Errorf("after the hub was restored it shows %+v", st)
	}
	if c := send(1, 2); c.After != 1 || c.Known(key) {
		t.Errorf("a hub that was restored gets after %d, key known: %v", c.After, c.Known(key))
	}
}

// TestTimeouts: no answer, nobody there and nonsense are the same, and are tried again soon, not at once.
func TestTimeouts(t *testing.T) {
	for name, end := range map[string]func(k *talk){
		"no answer": func(k *talk) { take[Send](k); k.pass(time.Minute) },
		"nobody":    func(k *talk) { k.step(NoAnswer{take[Send](k).Number}) },
		"nonsense":  func(k *talk) { k.step(Reply{take[Send](k).Number, []byte("<html>Please sign in</html>")}) },
	} {
		k := newTalk(t, 5)
		began := k.now
		end(k)
		if k.is(Down); k.m.Status().Why == "" {
			t.Errorf("%s: it does not say why", name)
		}
		if len(k.out) == 0 {
			k.pass(time.Minute)
		}
		if took := k.now.Sub(began); took < 200*time.Millisecond || took > 4*time.Second {
			t.Errorf("%s: tried again after %s", name, took)
		}
		k.welcome(nil)
		k.is(Streaming)
	}
}

func TestPace(t *testing.T) {
	p := newPace(1000)
	now := start
	p.wrote(now, &Composed{Count: 500, Full: true})
	if got := p.next.Sub(now); got != 500*time.Millisecond {
		t.Errorf("500 of 1,000 a second: the next after %s", got)
	}
	p.wrote(now, &Composed{Count: 500, Full: true, Busy: true})
	if got := p.next.Sub(now); got != 2*time.Second {
		t.Errorf("while classes write: the next after %s", got)
	}
	p.wrote(now, &Composed{Count: 1})
	if got := p.next.Sub(now); got != linger {
		t.Errorf("one event: the next after %s", got)
	}
	for range 20 {
		p.took(10*time.Millisecond, true)
	}
	if p.bytes != mostBytes {
		t.Errorf("on a quick link %d bytes", p.bytes)
	}
	for range 20 {
		p.took(10*time.Second, true)
	}
	if p.bytes != leastBytes {
		t.Errorf("on a slow link %d bytes", p.bytes)
	}
}
