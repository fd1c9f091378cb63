package edge

import (
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/edge/sqlite"
	"multistream/edge/sqlite/faultvfs"
	"multistream/shared/event"
)

// A disk is broken by a test beneath a real edge.
type disk struct {
	fault atomic.Pointer[error]
	free  atomic.Int64
}

func (d *disk) breaks(err error) { d.fault.Store(&err) }
func (d *disk) heals()           { d.fault.Store(nil) }

// newServerOnDisk starts an edge on a disk that can be broken.
func newServerOnDisk(t *testing.T) (*server, *disk) {
	t.Helper()
	d, dir := &disk{}, t.TempDir()
	d.free.Store(10 << 30)
	t.Cleanup(faultvfs.Use(dir, func(op faultvfs.Op) error {
		if err := d.fault.Load(); err != nil && op.Kind == faultvfs.Write {
			return *err
		}
		return nil
	}))
	return newServerOn(t, dir, seams{disk: func(o *sqlite.Options) {
		o.VFS, o.ReserveBytes = faultvfs.Name, 1<<20
		o.FreeSpace = func(string) (int64, error) { return d.free.Load(), nil }
	}}), d
}

// ready tells what /readyz says: whether it is, and the checks that do not hold.
func (s *server) ready() (ready bool, wrong []string) {
	s.t.Helper()
	a := (&person{s: s}).call("GET", "/readyz", nil)
	checks, _ := a.at("checks").([]any)
	for _, c := range checks {
		if c := c.(map[string]any); c["ok"] != true {
			wrong = append(wrong, c["name"].(string))
		}
	}
	return a.status == 200, wrong
}

// types gives the types in a class's log from an event on.
func (s *server) types(class string, after int) (out []string) {
	s.t.Helper()
	events, err := s.box.Store.Read(s.t.Context(), s.demo.Tenant.ID, event.MustID(strings.TrimPrefix(class, "/api/sessions/")), int64(after), 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

// TestDiskThatTakesNothing: the person's answer, every class's screens and /readyz tell the same at once; nothing starts, nobody
// new comes in; when the disk takes writes again the box goes on by itself and the halt is in the log.
func TestDiskThatTakesNothing(t *testing.T) {
	for name, broken := range map[string]error{"full": faultvfs.ErrFull, "read-only": faultvfs.ErrIO} {
		for _, quiet := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, nobody writes %v", name, quiet), func(t *testing.T) { diskThatTakesNothing(t, broken, quiet) })
		}
	}
}

func diskThatTakesNothing(t *testing.T, broken error, quiet bool) {
	type m = map[string]any
	s, d := newServerOnDisk(t)
	teacher, ada, ben := s.signIn("teacher"), s.signIn("student01"), s.signIn("student02")
	class, planned := s.schedule(teacher, nil), s.schedule(teacher, nil)
	for _, step := range []string{"/join", "/start"} {
		teacher.call("POST", class+step, m{}).want(200)
	}
	ada.call("POST", class+"/join", m{}).want(200)
	teacher.call("POST", planned+"/join", m{}).want(200)
	screens := []*screen{ada.follow(class), teacher.follow(planned)}
	if ready, wrong := s.ready(); !ready {
		t.Fatalf("not ready to begin with: %v", wrong)
	}
	before := len(s.types(class, 0))

	d.breaks(broken)
	hello := m{"content": "hello", "to": m{"audience": "all"}}
	if !quiet {
		a := ada.callWith("POST", class+"/chat", "lost", hello)
		a.refused(503, "log_unavailable")
		if text := a.text("message"); strings.Contains(text, "SQL") || strings.Contains(text, "disk I/O") {
			t.Errorf("a pupil was told %q", text)
		}
		if ready, wrong := s.ready(); ready || !slices.Contains(wrong, "log") {
			t.Errorf("right after a failed write /readyz says %v, %v", ready, wrong)
		}
	}
	s.waitUntil("every screen says that its class is halted, and why", func() bool {
		return !slices.ContainsFunc(screens, func(sc *screen) bool {
			return sc.says().State != "halted" || sc.says().Reason != "log_unavailable" || sc.says().Since == 0
		})
	})
	if ready, wrong := s.ready(); ready || !slices.Contains(wrong, "log") {
		t.Errorf("/readyz says %v, %v", ready, wrong)
	}
	start := teacher.call("POST", planned+"/start", m{})
	start.refused(503, "start_gate_failed")
	if text := start.text("message"); strings.Contains(text, "SQL") || strings.Contains(text, "I/O") {
		t.Errorf("the teacher was told %q", text)
	}
	ben.call("POST", class+"/join", m{}).refused(503, "log_unavailable")
	ada.call("GET", class+"/state", nil).want(200) // what is known can be read

	d.heals()
	healed := time.Now()
	s.waitUntil("every screen says that its class goes on", func() bool {
		return screens[0].says() == gateway.Status{State: "live"} && screens[1].says() == gateway.Status{State: "scheduled"}
	})
	s.waitUntil("the box is ready", func() bool { ready, _ := s.ready(); return ready })
	t.Logf("back %s after the disk", time.Since(healed).Round(time.Millisecond))
	if got, want := s.types(class, before), []string{event.TypeSessionHalted, event.TypeSessionResumed}; !slices.Equal(got, want) {
		t.Errorf("the log got %v, want %v", got, want)
	}
	ada.callWith("POST", class+"/chat", "lost", hello).want(201)
	ben.call("POST", class+"/join", m{}).want(200)
	teacher.call("POST", planned+"/start", m{}).want(200)
}

// TestUploadsLeaveRoomForClasses: a file that would take from the reserve, or from what a coming class needs, is refused before
// it is kept; the class goes on, and takes files again when there is room.
func TestUploadsLeaveRoomForClasses(t *testing.T) {
	type m = map[string]any
	s, d := newServerOnDisk(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	for _, step := range []string{"/join", "/start"} {
		teacher.call("POST", class+step, m{}).want(200)
	}
	upload := func(size int) answer {
		file := append(picture(t), make([]byte, size)...)
		return teacher.call("POST", class+"/assets?kind=slide&name=Lenses&pages=1", file)
	}
	kept := func() (files int) {
		t.Helper()
		_ = filepath.WalkDir(filepath.Join(s.dir, "assets"), func(_ string, f fs.DirEntry, _ error) error {
			if !f.IsDir() {
				files++
			}
			return nil
		})
		return files
	}
	const floor, spare = 256 << 20, 1 << 20
	d.free.Store(floor + spare)
	a := upload(2 << 20)
	a.refused(503, "feature_degraded")
	if a.text("details.feature") != "assets" || kept() != 0 {
		t.Errorf("%d files were kept; the teacher was told %s", kept(), a.body)
	}
	upload(spare / 2).want(201)
	d.free.Store(floor - 1)
	upload(0).refused(503, "feature_degraded")
	teacher.call("POST", class+"/chat", m{"content": "hello", "to": m{"audience": "all"}}).want(201)
	if kept() != 1 {
		t.Errorf("%d files are kept, want the one that was confirmed", kept())
	}
	d.free.Store(10 << 30)
	upload(2 << 20).want(201)
}

// TestGatewayWhoseListenerFails is started again at its address; classes and their log do not notice.
func TestGatewayWhoseListenerFails(t *testing.T) {
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	if err := s.listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.waitUntil("the edge is reached again", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	teacher.call("POST", class+"/start", map[string]any{}).want(200)
}
