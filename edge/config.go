package edge

import (
	"fmt"
	"log/slog"
	"net"
	"strings"

	"multistream/edge/gateway"
)

// Config is what an edge is run with. Every field comes from the environment variable named beside it.
type Config struct {
	Addr     string     // EDGE_ADDR: host and port to listen on
	DataDir  string     // DATA_DIR: folder of the databases, keys and assets; one edge a folder
	LogLevel slog.Level // LOG_LEVEL: debug, info, warn or error
	Version  string

	pace gateway.Pace // of connections; tests of bad networks set it
}

// ConfigFrom reads the environment and names everything that is wrong with it at once.
func ConfigFrom(getenv func(string) string, version string) (Config, error) {
	c := Config{Addr: or(getenv("EDGE_ADDR"), "127.0.0.1:8080"), DataDir: or(getenv("DATA_DIR"), ".data"), Version: version}
	var wrong []string
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		wrong = append(wrong, fmt.Sprintf("EDGE_ADDR %q: want host:port, like 127.0.0.1:8080", c.Addr))
	}
	if err := c.LogLevel.UnmarshalText([]byte(or(getenv("LOG_LEVEL"), "info"))); err != nil {
		wrong = append(wrong, fmt.Sprintf("LOG_LEVEL %q: want debug, info, warn or error", getenv("LOG_LEVEL")))
	}
	if len(wrong) > 0 {
		return Config{}, fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
	}
	return c, nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
