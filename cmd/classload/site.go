package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"multistream/cmd/classload/crowd"
	"multistream/cmd/classload/school"
	"multistream/cmd/classload/server"
	"multistream/cmd/classload/wire"
)

// site is a server under load and the crowd that makes it.
type site struct {
	address, accountsFile, edge, data, protocol string
	authority                                   string
	pid                                         int

	api      *school.API
	accounts school.Accounts
	server   *server.Process
	crowd    *crowd.Crowd
	dialect  dialect
}

// flags begins the flags of a load with those that all have.
func (s *site) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // the error says it, and `classload help` the rest
	f.StringVar(&s.address, "address", "127.0.0.1:8080", "")
	f.StringVar(&s.accountsFile, "accounts", "", "")
	f.StringVar(&s.edge, "edge", "", "")
	f.StringVar(&s.data, "data", "", "")
	f.StringVar(&s.authority, "tls", "", "")
	f.IntVar(&s.pid, "pid", 0, "")
	s.protocol = "multistream" // only fanout speaks others
	return f
}

// bounds of what may be asked for, so that a slip of the pen takes no machine down.
const (
	maxStudents = 6000
	maxSenders  = 50
	maxSeconds  = 4 * 3600
)

func within(name string, n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("--%s %d: want %d to %d", name, n, low, high)
	}
	return nil
}

// open reads the accounts, starts the edge if one is to be started, and waits until the server is ready.
func (s *site) open(ctx context.Context) (err error) {
	if s.dialect, err = dialectOf(s.protocol); err != nil {
		return err
	}
	if s.edge != "" && s.address == "127.0.0.1:8080" {
		if s.address, err = server.Free(); err != nil {
			return err
		}
	}
	secured, err := trusting(s.authority)
	if err != nil {
		return err
	}
	if s.api, err = school.New(wire.Server{Address: s.address, TLS: secured}); err != nil {
		return err
	}
	if s.protocol == "multistream" {
		if s.accounts, err = school.ReadAccounts(s.accountsFile); err != nil {
			return err
		}
	}
	s.server = &server.Process{PID: s.pid}
	if s.edge != "" {
		if s.data == "" {
			return errors.New("--edge needs --data, the data folder that it is started in")
		}
		if s.server, err = server.Start(s.edge, s.data, s.address); err != nil {
			return fmt.Errorf("start the edge: %w", err)
		}
	}
	if s.protocol == "multistream" {
		ready, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := s.api.Ready(ready); err != nil {
			return errors.Join(err, s.server.Stop())
		}
	}
	s.crowd, err = crowd.New()
	return err
}

// trusting gives a client that believes one authority, of a PEM file; nil without a file.
func trusting(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--tls: %w", err)
	}
	believed := x509.NewCertPool()
	if !believed.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--tls: %s holds no certificate", file)
	}
	return &tls.Config{RootCAs: believed, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}, nil
}

// renewCrowd drops all sockets and begins with none.
func (s *site) renewCrowd() (err error) {
	s.crowd.Close()
	s.crowd, err = crowd.New()
	return err
}

// close ends the crowd, and the edge if it was started here.
func (s *site) close() error {
	if s.crowd != nil {
		s.crowd.Close()
	}
	if s.server == nil {
		return nil
	}
	return s.server.Stop()
}

// people picks names of the accounts.
func pick(kind string, names []string, from, n int) ([]string, error) {
	if from+n > len(names) {
		return nil, fmt.Errorf("%d %s are needed, the accounts have %d", from+n, kind, len(names))
	}
	return names[from : from+n], nil
}
