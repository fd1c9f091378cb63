package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"multistream/shared/event"
)

func newKey(t *testing.T) (nkeys.KeyPair, string) {
	t.Helper()
	k, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return k, public
}

// leaf is what an edge runs, or somebody who says that he is one: a server whose owner may publish and hear what he likes.
func leaf(t *testing.T, hub string, key nkeys.KeyPair) (*nats.Conn, *server.Server) {
	t.Helper()
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{ServerName: "leaf", DontListen: true, NoSigs: true, NoSystemAccount: true, MaxPayload: maxPayload,
		LeafNode: server.LeafNodeOpts{ReconnectInterval: 50 * time.Millisecond, Remotes: []*server.RemoteLeafOpts{{URLs: []*url.URL{{Scheme: "nats-leaf", Host: hub}}, Nkey: string(seed)}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the leaf is not ready")
	}
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, s
}

// start runs a bus that answers with who asked and what.
func start(t *testing.T, edges ...Edge) string {
	t.Helper()
	b, err := New(Options{Addr: "127.0.0.1:0", Edges: edges, Log: slog.New(slog.DiscardHandler),
		Answer: func(_ context.Context, edge event.ID, frame []byte) []byte {
			return fmt.Appendf(nil, "%s asked %s", edge, frame)
		}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	patience, cancelWait := context.WithTimeout(ctx, 20*time.Second)
	defer cancelWait()
	addr, err := b.Addr(patience)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// ask asks until there is an answer: the link comes up by itself.
func ask(t *testing.T, nc *nats.Conn, data string) string {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for patience := time.After(20 * time.Second); ; {
		m, err := nc.Request(asked, []byte(data), time.Second)
		if err == nil {
			return string(m.Data)
		}
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("no answer: %v", err)
		}
	}
}

func TestWhoAsks(t *testing.T) {
	a, b := Edge{ID: event.NewID()}, Edge{ID: event.NewID()}
	var keyA, keyB nkeys.KeyPair
	keyA, a.Key = newKey(t)
	keyB, b.Key = newKey(t)
	hub := start(t, a, b)
	ncA, _ := leaf(t, hub, keyA)
	ncB, _ := leaf(t, hub, keyB)
	if got, want := ask(t, ncA, "x"), a.ID.String()+" asked x"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := ask(t, ncB, "y"), b.ID.String()+" asked y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	big := strings.Repeat("z", maxPayload-4096)
	if got := ask(t, ncA, big); len(got) != len(big)+len(a.ID.String())+len(" asked ") {
		t.Errorf("an answer of %d bytes", len(got))
	}
	// In another's name there is nobody to speak to.
	for _, name := range []string{subject(b.ID.String()), subject(a.ID.String()), "sync.v1." + b.ID.String(), "sync.*.v1"} {
		if m, err := ncA.Request(name, []byte("forged"), 300*time.Millisecond); err == nil {
			t.Errorf("asked as %s: %s", name, m.Data)
		}
	}
	// Nor is anything of the other's heard.
	heard, err := ncA.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	if err := ncA.Flush(); err != nil {
		t.Fatal(err)
	}
	ask(t, ncA, "mine") // by now the hub knows of the subscription
	for range 20 {
		ask(t, ncB, "secret")
	}
	for {
		m, err := heard.NextMsg(200 * time.Millisecond)
		if errors.Is(err, nats.ErrTimeout) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(m.Data), "secret") {
			t.Fatalf("heard %s on %s", m.Data, m.Subject)
		}
	}
}

func TestStrangerStaysOut(t *testing.T) {
	known := Edge{ID: event.NewID()}
	var key nkeys.KeyPair
	key, known.Key = newKey(t)
	hub := start(t, known)
	stranger, _ := newKey(t)
	nc, s := leaf(t, hub, stranger)
	good, _ := leaf(t, hub, key)
	ask(t, good, "x") // meanwhile the stranger has tried as often
	if m, err := nc.Request(asked, nil, 300*time.Millisecond); err == nil || s.NumLeafNodes() != 0 {
		t.Errorf("a stranger was let in: %v, %d links", m, s.NumLeafNodes())
	}
	// A client who is no leaf has no way in at all, not even with the right key.
	_, err := nats.Connect("nats://"+hub, nats.Nkey(known.Key, func(nonce []byte) ([]byte, error) { return key.Sign(nonce) }), nats.Timeout(time.Second))
	if err == nil {
		t.Error("a client was let in")
	}
}

func TestAddresses(t *testing.T) {
	_, key := newKey(t)
	_, other := newKey(t)
	edge := Edge{ID: event.NewID(), Key: key}
	answer := func(context.Context, event.ID, []byte) []byte { return nil }
	for addr, good := range map[string]bool{"127.0.0.1:0": true, "[::1]:7422": true, "localhost:7422": true, "0.0.0.0:7422": false, ":7422": false,
		"192.168.1.7:7422": false, "hub.example.org:7422": false, "127.0.0.1": false, "": false} {
		_, err := New(Options{Addr: addr, Edges: []Edge{edge}, Answer: answer})
		if good != (err == nil) {
			t.Errorf("%q: %v", addr, err)
		}
		if err != nil && !strings.Contains(err.Error(), "127.0.0.1:7422") {
			t.Errorf("%q: the sentence does not say what to do: %v", addr, err)
		}
	}
	for name, edges := range map[string][]Edge{"no id": {{Key: key}}, "no key": {{ID: edge.ID}}, "one id twice": {edge, {ID: edge.ID, Key: other}}, "one key twice": {edge, {ID: event.NewID(), Key: key}}} {
		if _, err := New(Options{Addr: "127.0.0.1:0", Edges: edges, Answer: answer}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
