package edge

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
)

// Config is what an edge is run with. Every field comes from the environment variable named beside it.
type Config struct {
	Addr         string            // EDGE_ADDR: host and port to listen on
	OperatorAddr string            // EDGE_OPERATOR_ADDR: loopback host and port of the operator's door (metrics, drills); a free port if not given
	PublicURL    string            // EDGE_PUBLIC_URL: where people reach the box, if that is not the address it listens on
	TLS          string            // EDGE_TLS: "own" for certificates by the box's own authority, or "" for files, if given, or plain HTTP
	TLSCert      string            // EDGE_TLS_CERT, EDGE_TLS_KEY: PEM files of a certificate from elsewhere
	TLSKey       string            //
	DataDir      string            // DATA_DIR: folder of the databases, keys and assets; one edge a folder
	Hub          string            // EDGE_HUB: host and port at which the hub listens for edges; none: what happens here stays here
	HubKey       ed25519.PublicKey // EDGE_HUB_KEY: the hub's public key of receipts, in base64
	LogLevel     slog.Level        // LOG_LEVEL: debug, info, warn or error
	Version      string
}

// ConfigFrom reads the environment and names everything that is wrong with it at once.
func ConfigFrom(getenv func(string) string, version string) (Config, error) {
	c := Config{Addr: or(getenv("EDGE_ADDR"), "127.0.0.1:8080"), OperatorAddr: or(getenv("EDGE_OPERATOR_ADDR"), "127.0.0.1:0"),
		PublicURL: strings.TrimSuffix(getenv("EDGE_PUBLIC_URL"), "/"), TLS: getenv("EDGE_TLS"), TLSCert: getenv("EDGE_TLS_CERT"), TLSKey: getenv("EDGE_TLS_KEY"),
		DataDir: or(getenv("DATA_DIR"), ".data"), Hub: getenv("EDGE_HUB"), Version: version}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		say("EDGE_ADDR %q: want host:port, like 127.0.0.1:8080", c.Addr)
	case !loopback(host) && !c.encrypted():
		say("EDGE_ADDR %q can be reached by others, and without TLS their passwords can be read on the way: set EDGE_TLS=own, or EDGE_TLS_CERT and EDGE_TLS_KEY", c.Addr)
	}
	if host, _, err := net.SplitHostPort(c.OperatorAddr); err != nil || !loopback(host) {
		say("EDGE_OPERATOR_ADDR %q: want a loopback address with a port, like 127.0.0.1:9090", c.OperatorAddr)
	}
	if u, err := url.Parse(c.PublicURL); err != nil || c.PublicURL != "" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "") {
		say("EDGE_PUBLIC_URL %q: want an address like https://class.my-school.org", c.PublicURL)
	}
	switch {
	case c.TLS != "" && c.TLS != "own":
		say("EDGE_TLS %q: want own, or nothing", c.TLS)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		say("EDGE_TLS_CERT and EDGE_TLS_KEY: want both or none")
	case c.TLS != "" && c.TLSCert != "":
		say("EDGE_TLS and EDGE_TLS_CERT: want one of them")
	}
	if host, _, err := net.SplitHostPort(c.Hub); c.Hub != "" && (err != nil || !loopback(host)) {
		say("EDGE_HUB %q: until edges can be enrolled the way to the hub is not encrypted, so only a loopback address with a port is taken, like 127.0.0.1:7422", c.Hub)
	}
	if c.Hub != "" {
		if c.HubKey, err = hubKey(getenv("EDGE_HUB_KEY")); err != nil {
			say("EDGE_HUB_KEY: %v", err)
		}
	}
	if err := c.LogLevel.UnmarshalText([]byte(or(getenv("LOG_LEVEL"), "info"))); err != nil {
		say("LOG_LEVEL %q: want debug, info, warn or error", getenv("LOG_LEVEL"))
	}
	if len(wrong) > 0 {
		return Config{}, fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
	}
	return c, nil
}

func (c Config) encrypted() bool { return c.TLS != "" || c.TLSCert != "" }

// open tells whether others than this machine can reach the box.
func (c Config) open() bool {
	host, _, err := net.SplitHostPort(c.Addr)
	return err == nil && !loopback(host)
}

// loopback tells whether a host is this machine alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
