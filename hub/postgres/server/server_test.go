package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// childFolder is set in the process that a test starts in order to kill it.
const childFolder = "SERVER_TEST_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		runChild(dir)
	}
	os.Exit(m.Run())
}

// runChild starts a server, says so, and stays until it is killed.
func runChild(dir string) {
	binaries, err := Find(context.Background(), "")
	if err == nil {
		_, err = Start(context.Background(), Options{Dir: dir, Binaries: binaries})
	}
	fmt.Println("started", err)
	select {}
}

// folder makes one that the account of the server can reach; t.TempDir can be entered by its owner alone.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "server-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, dir string, changes ...func(*Options)) *Server {
	t.Helper()
	s, err := tryStart(t, dir, changes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func tryStart(t *testing.T, dir string, changes ...func(*Options)) (*Server, error) {
	t.Helper()
	binaries, err := Find(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: dir, Binaries: binaries}
	for _, change := range changes {
		change(&o)
	}
	return Start(t.Context(), o)
}

// query runs statements and gives the single text that the last one answers.
func query(t *testing.T, address string, statements ...string) (answer string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for i, statement := range statements {
		if i == len(statements)-1 {
			err = c.QueryRow(t.Context(), statement).Scan(&answer)
		} else {
			_, err = c.Exec(t.Context(), statement)
		}
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return answer
}

func TestStartsStopsAndKeeps(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "made")
	s := start(t, dir)
	address := s.URL("postgres")
	if got := query(t, address, "CREATE TABLE kept AS SELECT 'still here' AS word", "SHOW listen_addresses"); got != "" {
		t.Errorf("it listens on the network: %q", got)
	}
	if got := query(t, address, "SHOW lc_ctype"); got != "C.UTF-8" {
		t.Errorf("character type %s", got)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stopped twice: %v", err)
	}
	again := start(t, dir)
	if got := query(t, again.URL("postgres"), "SELECT word FROM kept"); got != "still here" {
		t.Errorf("after a stop and a start: %q", got)
	}
}

// TestFolderInUse starts a second server on the folder of one that runs: it is refused with a sentence and the first goes on.
func TestFolderInUse(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, first.opts)
	if err == nil || !strings.Contains(err.Error(), "another PostgreSQL") {
		t.Errorf("a second server on the folder: %v", err)
	}
	if got := query(t, first.URL("postgres"), "SELECT 'answers'"); got != "answers" {
		t.Errorf("the first one says %q", got)
	}
}

// TestTakesUpAKilledServer kills the server itself: its pid file stays behind, with a number that may be another process's.
func TestTakesUpAKilledServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, dir)
	query(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS word", "SELECT 'done'")
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.Ended()
	if p := readPID(s.data()); p.process == 0 {
		t.Fatal("the killed server left no pid file: this test shows nothing")
	}
	again := start(t, dir)
	if got := query(t, again.URL("postgres"), "SELECT word FROM kept"); got != "still here" {
		t.Errorf("after a kill: %q", got)
	}
}

// TestEndsWithItsParent kills the program that started a server: the server goes too, and its folder can be used again.
func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "started <nil>\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	left := readPID(filepath.Join(dir, "data")).process
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	start(t, dir) // waits for the old one to go
	if isServer(left, filepath.Join(dir, "data")) {
		t.Errorf("process %d outlived the program that started it", left)
	}
}

func TestPort(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	number := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	s := start(t, dir, func(o *Options) { o.Port = number })
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, string(password)), Host: fmt.Sprintf("127.0.0.1:%d", number), Path: "/postgres"}
	if got := query(t, address.String(), "SELECT 'by network'"); got != "by network" {
		t.Errorf("got %q", got)
	}
	address.User = url.UserPassword(superuser, "guess")
	if _, err := pgx.Connect(t.Context(), address.String()); err == nil {
		t.Error("the network door takes any password")
	}
	if got := query(t, s.URL("postgres"), "SELECT 'by socket'"); got != "by socket" {
		t.Errorf("got %q", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("broken cluster", func(t *testing.T) {
		dir := folder(t)
		s := start(t, dir)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "postgresql.conf"), []byte("no_such_setting = 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := tryStart(t, dir); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("got %v, want the end of the log", err)
		}
	})
	t.Run("long path", func(t *testing.T) {
		s := start(t, filepath.Join(folder(t), strings.Repeat("long", 30)))
		if got := query(t, s.URL("postgres"), "SELECT 'works'"); got != "works" {
			t.Errorf("got %q", got)
		}
		socket := s.socket
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(socket); !os.IsNotExist(err) {
			t.Errorf("the socket's folder stays: %v", err)
		}
	})
	t.Run("folder that can't be reached", func(t *testing.T) {
		if os.Geteuid() != 0 {
			return // then the server runs as we do, and reaches what we reach
		}
		dir := folder(t)
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := tryStart(t, filepath.Join(dir, "below")); err == nil || !strings.Contains(err.Error(), "can't enter "+dir) {
			t.Errorf("got %v", err)
		}
	})
}
