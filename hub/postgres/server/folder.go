package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// longestSocket is what the system takes for a socket's path, less the name that PostgreSQL gives the file.
const longestSocket = 107 - len("/.s.PGSQL.65535")

func (s *Server) data() string { return filepath.Join(s.opts.Dir, "data") }

// makeFolders makes the server's folder, which only its account can enter. The socket lies in it, unless its path is too
// long for one.
func (s *Server) makeFolders() error {
	s.socket = filepath.Join(s.opts.Dir, "socket")
	if len(s.socket) > longestSocket {
		short, err := os.MkdirTemp("", "pg")
		if err != nil {
			return err
		}
		s.socket = short
	}
	for _, folder := range []string{s.opts.Dir, s.socket} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make PostgreSQL's folder: %w", err)
		}
		if err := errors.Join(s.account.own(folder), s.account.canReach(filepath.Dir(folder))); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) removeSocket() error {
	if filepath.Dir(s.socket) == s.opts.Dir {
		return nil
	}
	return os.RemoveAll(s.socket)
}

// initialise makes the cluster, in a folder beside its own that is renamed when it is whole: a killed initdb leaves nothing
// that looks like a cluster.
func (s *Server) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		return nil
	}
	making, passwords := s.data()+".new", filepath.Join(s.opts.Dir, "password")
	if err := errors.Join(os.RemoveAll(making), os.WriteFile(passwords, []byte(rand.Text()), 0o600), s.account.own(passwords)); err != nil {
		return err
	}
	arguments := []string{"-D", making, "-U", superuser, "--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + passwords, "--data-checksums"}
	if s.opts.Throwaway {
		arguments = append(arguments, "--no-sync")
	}
	command := exec.CommandContext(ctx, filepath.Join(s.opts.Binaries, "initdb"), arguments...)
	command.Dir, command.SysProcAttr = s.opts.Dir, s.account.attributes()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster in %s: %w:\n%s", s.data(), err, out)
	}
	return os.Rename(making, s.data())
}

func (s *Server) logEnd() string {
	text, err := os.ReadFile(filepath.Join(s.opts.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// A pidFile is what a server writes about itself.
type pidFile struct {
	process int
	ready   bool
}

func readPID(data string) (p pidFile) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return p
	}
	lines := strings.Split(string(text), "\n")
	p.process, _ = strconv.Atoi(lines[0])
	p.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return p
}

// waitForOther waits a while for the end of a server that a killed program left in the folder: it is on its way out. A pid file
// without its process is one that was killed; PostgreSQL itself takes it away.
func waitForOther(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		p := readPID(data)
		if p.process <= 0 || !isServer(p.process, data) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another PostgreSQL (process %d) uses %s: stop it, or give this one a folder of its own", p.process, data)
		case <-look.C:
		}
	}
}

// isServer tells whether a process is there and is the server of this folder; another one may have got its number since. Where
// the system does not show command lines, a process that is there is believed to be it.
func isServer(process int, data string) bool {
	if err := syscall.Kill(process, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	line, err := os.ReadFile("/proc/" + strconv.Itoa(process) + "/cmdline")
	return err != nil || strings.Contains(string(line), data)
}
