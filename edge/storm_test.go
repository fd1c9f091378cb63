package edge

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
)

// BenchmarkSignInStorm is the bell: a thousand people sign in at once from one address, with the real hash, while a class of
// thirty goes on. It tells how long all of them took, how many were refused, and how long scene changes took from the
// teacher's click to the last of thirty sockets, before and meanwhile. Clients run in this process and take of its time.
//
//	go test -run xxx -bench SignInStorm -benchtime 1x ./edge
func BenchmarkSignInStorm(b *testing.B) {
	const people, watchers = 1000, 30
	s := newServer(b)
	hash, err := identity.DefaultArgon2().Hash("the bell rings")
	if err != nil {
		b.Fatal(err)
	}
	s.enter(people, hash)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", m{}).want(200)
	seen := make(chan struct{}, watchers)
	for n := range watchers {
		p := s.signIn(fmt.Sprintf("student%02d", n+1))
		p.call("POST", class+"/join", m{}).want(200)
		p.watchScenes(class, seen)
	}
	scenes := [2]string{}
	for i := range scenes {
		scenes[i] = teacher.call("POST", class+"/scenes", m{"name": "Scene", "layout": m{"name": "board"}}).want(201).text("id")
	}
	turn := 0
	change := func() time.Duration {
		turn++
		began := time.Now()
		teacher.call("POST", class+"/scene", m{"sceneId": scenes[turn%2]}).want(200)
		for range watchers {
			<-seen
		}
		return time.Since(began)
	}
	var quiet, meanwhile, storms []time.Duration
	for range 50 {
		quiet = append(quiet, change())
	}
	refused := 0
	for b.Loop() {
		began, used, over := time.Now(), cpu(), make(chan int, 1)
		go func() { over <- s.storm(people) }()
		tick := time.NewTicker(100 * time.Millisecond)
		for done := false; !done; {
			select {
			case n := <-over:
				refused += n
				done = true
			case <-tick.C:
				meanwhile = append(meanwhile, change())
			}
		}
		tick.Stop()
		storms = append(storms, time.Since(began))
		b.ReportMetric((cpu() - used).Seconds(), "cpu-s/storm")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(slices.Max(storms).Seconds(), "s/storm")
	b.ReportMetric(float64(refused), "refused")
	for name, all := range map[string][]time.Duration{"quiet": quiet, "storm": meanwhile} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, name+"-p99-ms")
	}
}

// TestSchoolBehindOneAddress: more people than any limit of one address at once, all with the right password: all get in.
func TestSchoolBehindOneAddress(t *testing.T) {
	const people = 150
	s := newServer(t)
	hash, err := identity.DemoHasher().Hash("the bell rings")
	if err != nil {
		t.Fatal(err)
	}
	s.enter(people, hash)
	if refused := s.storm(people); refused != 0 {
		t.Errorf("%d of %d were refused", refused, people)
	}
}

// enter puts people with this stored password into the directory.
func (s *server) enter(people int, hash string) {
	s.t.Helper()
	for n := range people {
		u := directory.User{ID: event.NewID(), TenantID: s.demo.Tenant.ID, Username: fmt.Sprintf("pupil%04d", n), DisplayName: fmt.Sprintf("Pupil %04d", n),
			Status: "active", PasswordHash: hash, Roles: []directory.Role{directory.Student}}
		if err := s.box.Store.UpsertUser(s.t.Context(), u); err != nil {
			s.t.Fatal(err)
		}
	}
}

// storm signs everybody in at once and gives how many were refused.
func (s *server) storm(people int) int {
	var all sync.WaitGroup
	refused := make(chan struct{}, people)
	for n := range people {
		all.Go(func() {
			body := fmt.Sprintf(`{"username":"pupil%04d","password":"the bell rings"}`, n)
			res, err := bell.Post(s.url+"/api/auth/login", "application/json", strings.NewReader(body))
			if err == nil {
				_ = res.Body.Close()
			}
			if err != nil || res.StatusCode != http.StatusOK {
				refused <- struct{}{}
			}
		})
	}
	all.Wait()
	return len(refused)
}

// cpu is the processor time of this process, clients included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var bell = &http.Client{Timeout: 2 * time.Minute}

// watchScenes opens a socket and tells each scene that comes.
func (p *person) watchScenes(class string, seen chan<- struct{}) {
	p.s.t.Helper()
	ctx := p.s.t.Context()
	conn, _, err := websocket.Dial(ctx, strings.Replace(p.s.url, "http", "ws", 1)+class+"/live",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}})
	if err != nil {
		p.s.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	go func() {
		for {
			_, frame, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			for range bytes.Count(frame, []byte(`"type":"scene.changed"`)) {
				seen <- struct{}{}
			}
		}
	}()
}
