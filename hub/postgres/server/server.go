// Package server runs a private PostgreSQL from installed binaries: for local work, and for tests, where nobody has given us one.
//
// It listens on a Unix socket in a folder that only its owner can enter, and on no network unless asked to. PostgreSQL refuses
// to run as root, so root runs it as the user postgres.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say where a server keeps its data. Dir is required.
type Options struct {
	Dir      string // of its own; made if it is not there
	Binaries string // folder of initdb and postgres, as Find gives it
	// Port, where it is not 0, is opened on 127.0.0.1 too, with the password in the file "password" of Dir.
	Port int
	// Throwaway gives up durability for speed: what a killed machine leaves of it is worth nothing.
	Throwaway bool
}

// Server is a running PostgreSQL.
type Server struct {
	opts    Options
	account *account
	socket  string // folder
	command *exec.Cmd
	ended   chan struct{} // closed when the process is gone
	exit    error
}

const (
	// superuser is the role that initdb makes.
	superuser = "postgres"
	// readyWithin bounds a start: recovery after a crash may take long, but not this long for what fits on one machine.
	readyWithin = 60 * time.Second
	// leaveWithin bounds the wait for what is left of a killed server.
	leaveWithin = 10 * time.Second
	// port is part of the socket's file name.
	port = 5432
)

// Start makes the cluster if there is none and starts it. It returns an error with the end of the server's log if it does not
// come up, and one that says so if another server uses the folder. A folder whose server was killed is taken up again.
func Start(ctx context.Context, o Options) (*Server, error) {
	who, err := accountToRun()
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, account: who, ended: make(chan struct{})}
	if s.opts.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if err := s.makeFolders(); err != nil {
		return nil, err
	}
	if err := s.initialise(ctx); err != nil {
		return nil, err
	}
	if err := waitForOther(ctx, s.data()); err != nil {
		return nil, err
	}
	for leave := time.Now().Add(leaveWithin); ; {
		if err := s.launch(); err != nil {
			return nil, err
		}
		err := s.waitReady(ctx)
		if err == nil {
			return s, nil
		}
		// The processes of a server that was killed take a moment to notice.
		if !strings.Contains(s.logEnd(), "pre-existing shared memory block") || time.Now().After(leave) || ctx.Err() != nil {
			return nil, errors.Join(err, s.Stop())
		}
		<-s.ended
		s.ended, s.exit = make(chan struct{}), nil
	}
}

// launch starts the process on a thread that lives as long as it does: the kernel ends a child when the thread that
// made it ends, which is how a killed program takes its server along.
func (s *Server) launch() error {
	log, err := os.OpenFile(filepath.Join(s.opts.Dir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.command = exec.Command(filepath.Join(s.opts.Binaries, "postgres"), s.arguments()...)
	s.command.Dir = s.opts.Dir
	s.command.Stdout, s.command.Stderr = log, log
	s.command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	s.command.SysProcAttr = s.account.attributes()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.command.Start()
		started <- err
		if err == nil {
			s.exit = s.command.Wait()
			close(s.ended)
		}
		_ = log.Close()
	}()
	return <-started
}

func (s *Server) arguments() []string {
	settings := map[string]string{
		"unix_socket_directories": s.socket, "unix_socket_permissions": "0700", "port": strconv.Itoa(port), "listen_addresses": "",
		"timezone": "UTC", "log_timezone": "UTC", "max_connections": "200",
	}
	if s.opts.Port != 0 {
		settings["listen_addresses"], settings["port"] = "127.0.0.1", strconv.Itoa(s.opts.Port)
	}
	if s.opts.Throwaway {
		settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"] = "off", "off", "off"
	}
	arguments := []string{"-D", s.data()}
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	return arguments
}

// waitReady waits for the word with which the server says in its pid file that it takes connections.
func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-s.ended:
			return fmt.Errorf("PostgreSQL in %s ended while it started (%v); the end of its log:\n%s", s.opts.Dir, s.exit, s.logEnd())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL in %s does not become ready: %w; the end of its log:\n%s", s.opts.Dir, ctx.Err(), s.logEnd())
		case <-look.C:
			if p := readPID(s.data()); p.ready && p.process == s.command.Process.Pid {
				return nil
			}
		}
	}
}

// URL gives the address of a database as its superuser.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.socket}, "port": {strconv.Itoa(port)}}
	if s.opts.Port != 0 {
		query.Set("port", strconv.Itoa(s.opts.Port))
	}
	return (&url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Ended is closed when the server is gone, whoever ended it.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Stop ends the server as one does that will be started again: connections are cut, what is committed is on the disk. It
// may be called twice.
func (s *Server) Stop() error {
	select {
	case <-s.ended:
		return s.removeSocket()
	default:
	}
	if err := s.command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-s.ended:
		return s.removeSocket()
	case <-time.After(readyWithin):
		err := s.command.Process.Kill()
		return errors.Join(fmt.Errorf("PostgreSQL in %s did not stop within %s and was killed; it recovers at its next start", s.opts.Dir, readyWithin), err)
	}
}
