// Package certificate gives a box the certificate that browsers see: from files, or from an authority of its own that a
// school trusts once on each device.
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often, at most, a handshake looks whether the certificate has to be read or made anew.
const lookAgain = time.Minute

// Source gives certificates to handshakes. It is safe for concurrent use.
type Source struct {
	fresh     func() (*tls.Certificate, error) // nil where the present one is still right
	authority []byte
	now       func() time.Time
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
}

// Config is the TLS of a box: 1.3 and nothing older.
func (s *Source) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.get() }}
}

// Authority is the PEM of the box's own authority; nil where the certificate is from files.
func (s *Source) Authority() []byte { return s.authority }

// get gives the present certificate. One that can't be renewed goes on until it ends: the log tells.
func (s *Source) get() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := s.now().Sub(s.looked); 0 <= since && since < lookAgain {
		return s.current, nil
	}
	s.looked = s.now()
	switch fresh, err := s.fresh(); {
	case err != nil:
		s.log.Error("certificate not renewed; the present one goes on", "ends", s.current.Leaf.NotAfter, "error", err)
	case fresh != nil:
		s.current = fresh
		s.log.Info("certificate renewed", "ends", fresh.Leaf.NotAfter)
	}
	return s.current, nil
}

// Files reads certificate and key from PEM files, and again when one of them has changed. It returns an error for files
// that can't be read, do not fit together, or have run out.
func Files(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Source, error) {
	var seen [2]time.Time
	s := &Source{now: now, log: log, looked: now()}
	s.fresh = func() (*tls.Certificate, error) {
		var changed [2]time.Time
		for i, name := range []string{certFile, keyFile} {
			info, err := os.Stat(name)
			if err != nil {
				return nil, err
			}
			changed[i] = info.ModTime()
		}
		if changed == seen {
			return nil, nil
		}
		c, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, err
		}
		if !now().Before(c.Leaf.NotAfter) {
			return nil, fmt.Errorf("%s has run out on %s", certFile, c.Leaf.NotAfter.Format(time.DateOnly))
		}
		seen = changed
		return &c, nil
	}
	first, err := s.fresh()
	if err != nil {
		return nil, err
	}
	s.current = first
	return s, nil
}

// covers tells whether a certificate is right for names at a time, with days to spare.
func covers(c *x509.Certificate, names []string, now time.Time) error {
	if now.Before(c.NotBefore) || now.Add(renewBefore).After(c.NotAfter) {
		return errors.New("its time is over, or nearly so")
	}
	for _, name := range names {
		if err := c.VerifyHostname(name); err != nil {
			return err
		}
	}
	return nil
}
