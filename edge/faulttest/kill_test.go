package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multistream/edge/faulttest/moment"
)

const (
	crowdSize     = 16
	killsAFolder  = 25                     // then the next one starts with a new folder, so that runs stay alike
	longestLoad   = 300 * time.Millisecond // of the time between being ready and being killed
	longestStart  = 60 * time.Millisecond  // of the time between a start and a kill during it
	restartBudget = 2 * time.Second        // p99, until it accepts again
)

// TestFaultKill kills the server at random points under load, during start-up too, starts it again and lets the oracle
// judge what is left after each kill: row 1 of the faults to survive.
func TestFaultKill(t *testing.T) {
	began, h := time.Now(), &killing{t: t, target: newEdgeTarget(t), rng: rand.New(rand.NewPCG(Seed(), 3)), where: map[string]int{}}
	oracle, err := startPeer("oracle", "-serve")
	if err != nil {
		t.Fatal(err)
	}
	defer oracle.stop()
	h.oracle = oracle
	for left := Runs(); left > 0; left -= killsAFolder {
		h.folder(min(left, killsAFolder))
	}
	report(t, fmt.Sprintf("%s, all in %v", h, time.Since(began).Round(time.Millisecond)))
	if !h.tally.clean() {
		t.Errorf("kill -9 lost what was acknowledged, or left a log that can't be used:\n%s", h.tally.findings())
	}
	if p99 := percentile(h.restarts, 99); p99 > restartBudget {
		t.Errorf("accepting again after %v (p99), at most %v", p99, restartBudget)
	}
	if h.answers == 0 {
		t.Error("nothing was acknowledged, so nothing was tested")
	}
}

// killing is a run of many kills.
type killing struct {
	t        *testing.T
	target   target
	oracle   *peer
	rng      *rand.Rand
	tally    tally
	kills    int
	answers  int64
	repeats  int64 // commands sent again after their answer, to get the same one
	where    map[string]int
	restarts []time.Duration // from a start after a kill to the first command answered
}

func (h *killing) String() string {
	var where []string
	for _, place := range moment.All {
		where = append(where, fmt.Sprintf("%s %d", place, h.where[place]))
	}
	return fmt.Sprintf("kill -9: %d runs, hit at: %s; %d acknowledged, %d of them asked twice, %s, accepting again p50 %v p99 %v", h.kills,
		strings.Join(where, ", "), h.answers, h.repeats, &h.tally, percentile(h.restarts, 50), percentile(h.restarts, 99))
}

// folder kills the server several times in one data folder, and at last looks at what a start that is not killed makes of it.
func (h *killing) folder(kills int) {
	base := h.t.TempDir()
	data, address := filepath.Join(base, "data"), freeAddress(h.t)
	if err := os.Mkdir(data, 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.target.prepare(h.t, data, address)
	c := newCrowd(h.t, h.target, crowdSize, base, address)
	for i := range kills {
		switch kind := h.rng.IntN(8); {
		case kind < 4: // at a random time under load
			p := h.start(data, address, c, 0)
			h.awaken(c, p, i > 0)
			h.wait(p, h.draw(longestLoad))
			h.kill(c, p, data)
		case kind < 5: // at a random time after the start, before it is ready or soon after
			p := h.start(data, address, c, 0)
			h.wait(p, h.draw(longestStart))
			h.kill(c, p, data)
		default: // at a random call that changes a file
			p := h.start(data, address, c, 1<<(2+h.rng.IntN(8))+h.rng.IntN(64))
			h.await(p)
			h.kill(c, p, data)
		}
	}
	p := h.start(data, address, c, 0)
	h.awaken(c, p, kills > 0)
	c.end()
	h.answers += c.answers.Load()
	h.repeats += c.repeats.Load()
	for _, finding := range c.differing() {
		h.tally.doubles++
		h.tally.note("a repeated command", finding)
	}
	p.kill()
	h.judge(c, data, "after the last start")
}

// awaken waits until the server answers a command that it was sent after its start.
func (h *killing) awaken(c *crowd, p *process, again bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	if err := c.await(ctx, p.answers); err != nil {
		h.t.Fatalf("run %d: the server accepts nothing: %v\n%s", h.kills, err, p.stderr)
	}
	if again {
		h.restarts = append(h.restarts, time.Since(p.began))
	}
}

// kill kills the server, says where that hit it, and lets the oracle judge what it left.
func (h *killing) kill(c *crowd, p *process, data string) {
	e := moment.Evidence{InSync: moment.InSync(p.cmd.Process.Pid)}
	p.kill()
	e.Ready = c.answers.Load() > p.answers
	h.kills++
	var err error
	if e.Left, err = moment.Read(data); err != nil {
		h.t.Fatal(err)
	}
	pending, _ := c.pending()
	e.Pending = len(pending)
	e.Found = h.judge(c, data, fmt.Sprintf("kill %d", h.kills))
	where := e.Where()
	h.where[where]++
	h.t.Logf("kill %d: %s (%d commands on their way, %d of them in the log)", h.kills, where, e.Pending, e.Found)
}

// judge lets the oracle read a copy of the folder, and gives how many commands without an answer it found in the log.
func (h *killing) judge(c *crowd, data, where string) (found int) {
	h.t.Helper()
	files := readImage(h.t, data)
	for name := range files {
		if strings.HasSuffix(name, "-shm") {
			delete(files, name)
		}
	}
	folder := filepath.Join(scratch(h.t), "copy")
	writeImage(h.t, folder, files)
	defer os.RemoveAll(filepath.Dir(folder))
	pending, _ := c.pending()
	var v oracleVerdict
	if err := h.oracle.ask(oracleRequest{Data: folder, Acks: []string{c.acks}, Count: -1, Pending: pending}, &v); err != nil {
		h.t.Fatal(err)
	}
	if v.Error != "" && c.answers.Load() == 0 { // killed before the first start had made its databases
		return 0
	}
	h.tally.add(v, where)
	return v.Pending
}

func (h *killing) draw(longest time.Duration) time.Duration {
	return time.Duration(h.rng.Int64N(int64(longest)))
}

// wait lets time pass, which is what is random here; it ends at once if the server dies by itself.
func (h *killing) wait(p *process, d time.Duration) {
	h.t.Helper()
	select {
	case <-time.After(d):
	case <-p.ended:
		h.t.Fatalf("run %d: the server ended by itself: %v\n%s", h.kills, p.err, p.stderr)
	}
}

// await waits until the server was killed by a call of its own.
func (h *killing) await(p *process) {
	h.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		h.t.Fatalf("run %d: the server made too few calls to be killed by one\n%s", h.kills, p.stderr)
	}
}

// freeAddress gives a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
