package session_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// seeds gives how many random classes a property is tried on: short ones in every run, FOLD_SEEDS of them when asked.
func seeds(t *testing.T, short int) uint64 {
	t.Helper()
	if text := os.Getenv("FOLD_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatalf("FOLD_SEEDS: %v", err)
		}
		return n
	}
	return uint64(short)
}

// TestRandomCommands gives random commands to classes and holds every event to: the law of views, for everybody; nobody reads
// what is not theirs; votes without names can't be linked; the invariants of a state; a decision, a delivery and a view
// change nothing. Failures name the seed.
func TestRandomCommands(t *testing.T) {
	had, commands, events := map[string]bool{}, 0, 0
	for seed := range seeds(t, 48) {
		w := watch(t, seed)
		w.class.open()
		for steps, after := 0, 0; steps < 160 && after < 8; steps++ {
			w.class.step()
			if w.class.State.Life.EndedAt != 0 { // little can happen any more
				after++
			}
		}
		w.class.end()
		w.payloadsKept()
		w.snapshots()
		w.erasure()
		commands, events = commands+w.class.keys, events+len(w.class.Log)
		for i := range w.class.Log {
			had[w.class.Log[i].Type] = true
		}
	}
	t.Logf("%d commands made %d events", commands, events)
	var missing []string
	for _, typ := range event.Types() {
		if !had[typ.Name] && !neverRandom[typ.Name] {
			missing = append(missing, typ.Name)
		}
	}
	if len(missing) > 4 { // chance may leave out one or the other
		t.Errorf("%v never happened: the random commands have become too tame", missing)
	}
}

// neverRandom are the types that random commands do not lead to; scripts do.
var neverRandom = map[string]bool{event.TypeSessionRescheduled: true, event.TypeSessionCancelled: true, event.TypeSessionArchived: true, event.TypeSessionTransferred: true}

// watcher watches a random class.
type watcher struct {
	t         *testing.T
	seed      uint64
	class     *randomClass
	users     []event.ID // whose views are watched
	followers *classscript.Followers
	state     []byte            // JSON of the state after the latest event
	voters    map[event.ID]bool // pseudonyms
	payloads  [][]byte          // JSON of the payloads when they were applied
}

func watch(t *testing.T, seed uint64) *watcher {
	t.Helper()
	w := &watcher{t: t, seed: seed, class: newRandomClass(seed), voters: map[event.ID]bool{}}
	var err error
	all := w.class.users()
	for _, i := range w.class.rnd.Perm(len(all))[:5] { // each in many classes, not all in each
		w.users = append(w.users, all[i])
	}
	if w.followers, err = classscript.Follow(w.class.State, w.users...); err != nil {
		t.Fatal(err)
	}
	w.state = encoded(t, w.class.State)
	w.class.Decided = func(c *session.Command, facts []event.Fact, refusal error) {
		if w.class.rnd.IntN(4) == 0 {
			if now := encoded(t, w.class.State); !bytes.Equal(now, w.state) {
				t.Fatalf("seed %d: by %s or shortly before, deciding changed the state\n%s\nto\n%s", seed, c.Type, w.state, now)
			}
		}
		w.class.decided(c, facts, refusal)
	}
	w.class.Seen = w.seen
	return w
}

func (w *watcher) seen(e *event.Opened) {
	s := w.class.State
	w.payloads = append(w.payloads, encoded(w.t, e.Payload))
	after := encoded(w.t, s)
	receipts, err := w.followers.Take(s, e)
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
	if w.state = after; w.class.rnd.IntN(4) == 0 && !bytes.Equal(after, encoded(w.t, s)) {
		w.t.Fatalf("seed %d: %d %s: showing it changed the state\n%s\nto\n%s", w.seed, e.Sequence, e.Type, after, encoded(w.t, s))
	}
	if v, ok := e.Payload.(*event.PollVoted); ok && !v.VoterID.IsZero() {
		w.voters[v.VoterID] = true
		if e.ActorID != v.VoterID || !v.UserID.IsZero() || v.Answer.V != nil {
			w.t.Fatalf("seed %d: %d: a vote without a name tells more than a pseudonym: %s", w.seed, e.Sequence, encoded(w.t, e))
		}
	}
	for i, user := range w.users {
		standing, _ := session.StandingOf(s, user)
		w.private(e, user, standing, receipts[i].Copy)
		w.private(e, user, standing, receipts[i].View)
		w.vote(e, user, receipts[i].Copy)
		want, err := event.Marshal(session.View(s, user))
		if err != nil {
			w.t.Fatal(err)
		}
		if got, err := session.AppendView(nil, s, user); err != nil || !bytes.Equal(got, want) {
			w.t.Fatalf("seed %d: %d %s: the view of %s is encoded as\n%s, %v\nin place of\n%s", w.seed, e.Sequence, e.Type, user, got, err, want)
		}
	}
	if err := invariants(s); err != nil {
		w.t.Fatalf("seed %d: %d %s: %v\n%s", w.seed, e.Sequence, e.Type, err, after)
	}
}

// payloadsKept holds that what came later changed no payload: states that took on the same events share them.
func (w *watcher) payloadsKept() {
	for i := range w.class.Log {
		if now := encoded(w.t, w.class.Log[i].Payload); !bytes.Equal(now, w.payloads[i]) {
			w.t.Fatalf("seed %d: %d %s: its payload was changed from\n%s\nto\n%s", w.seed, i+1, w.class.Log[i].Type, w.payloads[i], now)
		}
	}
}

var (
	marks  = regexp.MustCompile(`S3CRET\d+X`)
	marked = []byte("S3CRET")
)

// private looks in a copy or a view for what its reader may not read.
func (w *watcher) private(e *event.Opened, user event.ID, standing session.Standing, b []byte) {
	if bytes.Contains(b, marked) {
		for _, mark := range marks.FindAll(b, -1) {
			if !w.class.secrets[string(mark)](user, standing) {
				w.t.Fatalf("seed %d: %d %s: %s, %s, is shown %s in %s", w.seed, e.Sequence, e.Type, user, standing, mark, b)
			}
		}
	}
	for voter := range w.voters {
		if bytes.Contains(b, []byte(voter.String())) {
			w.t.Fatalf("seed %d: %d %s: %s is shown the pseudonym %s in %s", w.seed, e.Sequence, e.Type, user, voter, b)
		}
	}
}

// vote holds that nobody but the voter of a named poll gets whose vote it was, or what it was.
func (w *watcher) vote(e *event.Opened, user event.ID, b []byte) {
	voted, ok := e.Payload.(*event.PollVoted)
	if !ok || b == nil || voted.UserID == user {
		return
	}
	var c event.Copy
	if err := json.Unmarshal(b, &c); err != nil {
		w.t.Fatal(err)
	}
	p := c.Payload.(*event.PollVoted)
	if !c.ActorID.IsZero() || !p.UserID.IsZero() || p.Answer.V != nil || p.Choices != nil || !p.VoterID.IsZero() {
		w.t.Fatalf("seed %d: %d: %s learns of a vote more than counts: %s", w.seed, e.Sequence, user, b)
	}
}

// snapshots holds that a state which was kept, sealed, at any point folds on to the same.
func (w *watcher) snapshots() {
	ring, log := newRing(), w.class.Log
	tenant := classscript.NameID("school")
	for range 3 {
		cut := w.class.rnd.IntN(len(log) + 1)
		s := session.Fold(session.New(w.class.State.SessionID), log[:cut])
		place := event.SnapshotContext(tenant, s.SessionID, event.Position{Epoch: s.Epoch, Sequence: s.Sequence})
		sealed, err := event.SealCopy(s, place, ring)
		if err != nil {
			w.t.Fatalf("seed %d: cut at %d: %v", w.seed, cut, err)
		}
		kept := encoded(w.t, sealed)
		if bytes.Contains(kept, marked) {
			clear := marks.Find(kept)
			if open := w.openTexts(s); !open[string(clear)] {
				w.t.Fatalf("seed %d: cut at %d: %s lies open in the sealed state", w.seed, cut, clear)
			}
		}
		again := new(session.State)
		if err := json.Unmarshal(kept, again); err != nil {
			w.t.Fatal(err)
		}
		if err := event.Open(again, place, ring); err != nil {
			w.t.Fatalf("seed %d: cut at %d: %v", w.seed, cut, err)
		}
		if got := encoded(w.t, session.Fold(again, log[cut:])); !bytes.Equal(got, w.state) {
			w.t.Fatalf("seed %d: kept at %d and folded on\n%s\nwant\n%s", w.seed, cut, got, w.state)
		}
	}
}

// openTexts are the marked texts that belong to nobody in person and are not sealed: join code and storage address.
func (w *watcher) openTexts(s *session.State) map[string]bool {
	return map[string]bool{s.Desk.JoinCode: true, s.Desk.MediaURL: true}
}

// erasure folds the class anew after somebody was erased: the law holds as before.
func (w *watcher) erasure() {
	ring := newRing()
	tenant, gone := classscript.NameID("school"), classscript.NameID("Ada")
	s := session.New(w.class.State.SessionID)
	followers, err := classscript.Follow(s, w.users...)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, e := range w.class.Log {
		place := event.Context{TenantID: tenant, SessionID: s.SessionID, Document: strconv.Itoa(i), Actor: e.ActorID}
		if e.Payload, err = event.SealCopy(e.Payload, place, ring); err != nil {
			w.t.Fatal(err)
		}
		if err := event.Open(e.Payload, place, erased{ring, gone}); err != nil {
			w.t.Fatal(err)
		}
		session.Apply(s, e)
		if w.seed%10 == 0 {
			if _, err := followers.Take(s, &e); err != nil {
				w.t.Fatalf("seed %d, after an erasure: %v", w.seed, err)
			}
		}
	}
	if w.class.State.Sequence != s.Sequence {
		w.t.Fatalf("seed %d: after an erasure the class ends at %d, before at %d", w.seed, s.Sequence, w.class.State.Sequence)
	}
}
