package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// day is a clock that a test sets.
type day struct{ t time.Time }

func (d *day) now() time.Time { return d.t }

func today() *day { return &day{time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)} }

// shake makes a real handshake and gives the certificate that was shown; the client trusts the authority alone.
func shake(t *testing.T, s *Source, name string, at time.Time) (*x509.Certificate, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Authority())
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go func() { _ = tls.Server(theirs, s.Config()).Handshake() }()
	c := tls.Client(ours, &tls.Config{RootCAs: roots, ServerName: name, Time: func() time.Time { return at }, MinVersion: tls.VersionTLS12})
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	if v := c.ConnectionState().Version; v != tls.VersionTLS13 {
		t.Errorf("TLS version %x", v)
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

func TestOwn(t *testing.T) {
	dir, d := t.TempDir(), today()
	names := []string{"box.school", "192.168.1.20"}
	s, err := Own(dir, names, d.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := shake(t, s, name, d.t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := shake(t, s, "other.school", d.t); err == nil {
		t.Error("another name is believed")
	}
	again, err := Own(dir, names, d.now, quiet)
	if err != nil || !bytes.Equal(again.Authority(), s.Authority()) {
		t.Errorf("the authority is another one after a restart: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "authority.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v, %v", info, err)
	}
}

func TestRenewal(t *testing.T) {
	d := today()
	s, err := Own(t.TempDir(), []string{"box.school"}, d.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	first, err := shake(t, s, "box.school", d.t)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 { // months
		d.t = d.t.Add(30 * 24 * time.Hour)
		now, err := shake(t, s, "box.school", d.t)
		if err != nil {
			t.Fatalf("%s: %v", d.t, err)
		}
		if left := now.NotAfter.Sub(d.t); left < renewBefore || now.NotAfter.Sub(now.NotBefore) > 398*24*time.Hour {
			t.Errorf("%s: %s are left of %s", d.t, left, now.NotAfter.Sub(now.NotBefore))
		}
	}
	if now, _ := shake(t, s, "box.school", d.t); now.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("never renewed")
	}
}

// TestBoxThatWokeUpIn1970 has a certificate that others believe.
func TestBoxThatWokeUpIn1970(t *testing.T) {
	d := &day{time.Unix(0, 0)}
	s, err := Own(t.TempDir(), []string{"box.school"}, d.now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shake(t, s, "box.school", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
	d.t = time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC) // its clock is put right
	if _, err := shake(t, s, "box.school", d.t); err != nil {
		t.Error(err)
	}
}

func TestFiles(t *testing.T) {
	dir, d := t.TempDir(), today()
	cert, key := filepath.Join(dir, "box.crt"), filepath.Join(dir, "box.key")
	put := func(name string, touched time.Time) {
		t.Helper()
		ca, err := loadAuthority(t.TempDir(), d.now)
		if err != nil {
			t.Fatal(err)
		}
		c, err := issue(ca, []string{name}, d.t)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
			if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(file, touched, touched); err != nil {
				t.Fatal(err)
			}
		}
	}
	shown := func(s *Source) string {
		c, err := s.get()
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.Subject.CommonName
	}
	put("first", d.t)
	s, err := Files(cert, key, d.now, quiet)
	if err != nil || shown(s) != "first" || s.Authority() != nil {
		t.Fatalf("%v", err)
	}
	put("second", d.t.Add(time.Hour))
	d.t = d.t.Add(2 * time.Minute)
	if got := shown(s); got != "second" {
		t.Errorf("after the files changed: %s", got)
	}
	if err := os.WriteFile(cert, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.t = d.t.Add(2 * time.Minute)
	if got := shown(s); got != "second" {
		t.Errorf("with damaged files: %s", got)
	}
	if _, err := Files(cert, key, d.now, quiet); err == nil {
		t.Error("damaged files are taken at the start")
	}
	put("old", d.t)
	d.t = d.t.Add(3 * 365 * 24 * time.Hour)
	if _, err := Files(cert, key, d.now, quiet); err == nil {
		t.Error("a certificate that has run out is taken at the start")
	}
}
