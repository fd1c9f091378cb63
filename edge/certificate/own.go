package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 397 * 24 * time.Hour // browsers take no longer one
	renewBefore   = 30 * 24 * time.Hour
)

// Own makes an authority in a folder the first time, and certificates by it for the names (host names and IP addresses) that
// the box is reached by; it renews them 30 days before they end. The authority's key never leaves the folder.
func Own(dir string, names []string, now func() time.Time, log *slog.Logger) (*Source, error) {
	clock := now
	now = func() time.Time { return plausible(clock()) }
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ca, err := loadAuthority(dir, now)
	if err != nil {
		return nil, fmt.Errorf("the box's certificate authority: %w", err)
	}
	s := &Source{now: now, log: log, looked: now(), authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]})}
	s.fresh = func() (*tls.Certificate, error) {
		if s.current != nil && covers(s.current.Leaf, names, now()) == nil {
			return nil, nil
		}
		return issue(ca, names, now())
	}
	if s.current, err = s.fresh(); err != nil {
		return nil, err
	}
	return s, nil
}

func loadAuthority(dir string, now func() time.Time) (*tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "authority.crt"), filepath.Join(dir, "authority.key")
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	switch {
	case err == nil && now().Add(renewBefore).Before(c.Leaf.NotAfter):
		return &c, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "School box"},
		NotBefore: now().Add(-24 * time.Hour), NotAfter: now().Add(authorityLife), IsCA: true, BasicConstraintsValid: true,
		MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	// The key first: a certificate whose key is not there would be refused at the next start.
	if err := writeAtomically(keyFile, "PRIVATE KEY", rawKey); err != nil {
		return nil, err
	}
	if err := writeAtomically(certFile, "CERTIFICATE", der); err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// issue makes a certificate for names. Its key lives in memory alone.
func issue(ca *tls.Certificate, names []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, key.Public(), ca.PrivateKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, ca.Certificate[0]}, PrivateKey: key, Leaf: leaf}, err
}

// plausible is a time that is not before this program was written: a box without a battery wakes up in 1970, and what it
// signed then would have run out for everybody else.
func plausible(now time.Time) time.Time {
	if written := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); now.Before(written) {
		return written
	}
	return now
}

func serial() *big.Int {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[0] &= 0x7f
	return new(big.Int).SetBytes(raw)
}

func writeAtomically(path, kind string, der []byte) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
