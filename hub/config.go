package hub

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
)

// Config is what a hub is run with. Every field comes from the environment variable named beside it.
type Config struct {
	Addr         string     // HUB_ADDR: host and port to listen on
	PrivateAddr  string     // HUB_PRIVATE_ADDR: host and port of the door for operators (metrics); not opened without a token
	PrivateToken string     // HUB_PRIVATE_TOKEN: who shows it may read metrics; at least 32 characters
	DatabaseURL  string     // DATABASE_URL: PostgreSQL
	SecretFile   string     // HUB_SECRET_FILE: what all secrets of the hub follow from; made the first time
	TLSCert      string     // HUB_TLS_CERT, HUB_TLS_KEY: PEM files
	TLSKey       string     //
	LogLevel     slog.Level // LOG_LEVEL: debug, info, warn or error
	Version      string
}

const leastToken = 32

// ConfigFrom reads the environment and names everything that is wrong with it at once.
func ConfigFrom(getenv func(string) string, version string) (Config, error) {
	c := Config{Addr: or(getenv("HUB_ADDR"), "127.0.0.1:8090"), PrivateAddr: or(getenv("HUB_PRIVATE_ADDR"), "127.0.0.1:8091"), PrivateToken: getenv("HUB_PRIVATE_TOKEN"),
		DatabaseURL: getenv("DATABASE_URL"), SecretFile: or(getenv("HUB_SECRET_FILE"), ".data/hub/secret"),
		TLSCert: getenv("HUB_TLS_CERT"), TLSKey: getenv("HUB_TLS_KEY"), Version: version}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		say("HUB_ADDR %q: want host:port, like 127.0.0.1:8090", c.Addr)
	case !loopback(host) && c.TLSCert == "":
		say("HUB_ADDR %q can be reached by others, and without TLS their passwords can be read on the way: set HUB_TLS_CERT and HUB_TLS_KEY", c.Addr)
	}
	if _, _, err := net.SplitHostPort(c.PrivateAddr); err != nil {
		say("HUB_PRIVATE_ADDR %q: want host:port, like 127.0.0.1:8091", c.PrivateAddr)
	}
	if c.PrivateToken != "" && len(c.PrivateToken) < leastToken {
		say("HUB_PRIVATE_TOKEN: want at least %d characters, or nothing, which leaves the door shut", leastToken)
	}
	if u, err := url.Parse(c.DatabaseURL); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		say("DATABASE_URL: want an address like postgres://user@host/database") // never the value: it may hold a password
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		say("HUB_TLS_CERT and HUB_TLS_KEY: want both or none")
	}
	if err := c.LogLevel.UnmarshalText([]byte(or(getenv("LOG_LEVEL"), "info"))); err != nil {
		say("LOG_LEVEL %q: want debug, info, warn or error", getenv("LOG_LEVEL"))
	}
	if len(wrong) > 0 {
		return Config{}, fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
	}
	return c, nil
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
