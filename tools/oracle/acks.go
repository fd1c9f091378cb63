package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// ack is one line of an acknowledgement file: what a client was told is safe. What is empty is not checked.
type ack struct {
	Tenant   string `json:"tenant,omitempty"`
	Session  string `json:"session"`
	Sequence int64  `json:"sequence"`
	Actor    string `json:"actor,omitempty"`
	Key      string `json:"key,omitempty"`  // the client's own, without the fact's number
	Hash     string `json:"hash,omitempty"` // lower-case hex
}

// readAcks reads the acknowledgements of several files, of the last one count lines at most if that is not negative. A last line without
// its end was never counted by its client and is left out.
func readAcks(paths []string, count int) ([]ack, error) {
	var out []ack
	for p, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read acknowledgements: %w", err)
		}
		lines := bytes.Split(text[:bytes.LastIndexByte(text, '\n')+1], []byte("\n"))
		for n, line := range lines[:len(lines)-1] {
			if p == len(paths)-1 && count >= 0 && n >= count {
				break
			}
			var a ack
			if err := json.Unmarshal(line, &a); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", path, n+1, err)
			}
			a.Session, a.Actor, a.Tenant = strings.ToLower(a.Session), strings.ToLower(a.Actor), strings.ToLower(a.Tenant)
			out = append(out, a)
		}
	}
	return out, nil
}

// missed says what is wrong with the row that an acknowledgement names, "" if nothing.
func (a ack) missed(r *row) string {
	clientKey := ""
	if r != nil {
		clientKey = r.key[:max(0, strings.LastIndexByte(r.key, '#'))]
	}
	switch {
	case r == nil:
		return "is not in the log"
	case a.Hash != "" && a.Hash != fmt.Sprintf("%x", r.hash):
		return "is another event there"
	case a.Tenant != "" && a.Tenant != uuid(r.tenant), a.Actor != "" && a.Actor != uuid(r.actor), a.Key != "" && a.Key != clientKey:
		return "belongs to another command there"
	}
	return ""
}
