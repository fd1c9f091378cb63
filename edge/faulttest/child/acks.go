package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"multistream/shared/event"
)

// ack is one line of an acknowledgement file: what a client was told is safe.
type ack struct {
	Tenant   event.ID   `json:"tenant"`
	Session  event.ID   `json:"session"`
	Sequence int64      `json:"sequence"`
	Actor    event.ID   `json:"actor"`
	Key      string     `json:"key"`
	Hash     event.Hash `json:"hash"`
}

// ackFile writes acknowledgements, a whole batch in one system call, so that they have a place in a record of calls.
type ackFile struct {
	mu   sync.Mutex
	file *os.File
}

func openAcks(path string) (*ackFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &ackFile{file: f}, err
}

func (a *ackFile) write(events []event.Event) error {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	for _, e := range events {
		key, _, _ := event.ClientKey(e.IdempotencyKey)
		if err := out.Encode(ack{e.TenantID, e.SessionID, e.Sequence, e.ActorID, key, e.Hash}); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.file.Write(text.Bytes())
	return err
}

// readAcks reads acknowledgement files, of the last one count lines if count is not negative.
func readAcks(paths []string, count int) ([]ack, error) {
	var out []ack
	for p, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for n, line := range bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n")) {
			if len(line) == 0 || p == len(paths)-1 && count >= 0 && n >= count {
				break
			}
			var a ack
			if err := json.Unmarshal(line, &a); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", path, n+1, err)
			}
			out = append(out, a)
		}
	}
	return out, nil
}
