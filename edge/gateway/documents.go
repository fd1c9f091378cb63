package gateway

import (
	"log"
	"log/slog"
	"sync"
)

// document makes the handler of a generated document.
func document(make func() []byte) func(g *Gateway, c *call) (any, error) {
	once := sync.OnceValue(make)
	return func(*Gateway, *call) (any, error) { return encoded(once()), nil }
}

// slogLines lets the server's own complaints (a client that breaks off) go to the log as debug lines.
func slogLines(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }
