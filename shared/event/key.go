package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"strconv"
	"strings"
)

// FactKey is the stored idempotency key of the n-th fact (from 1) of the command with the given client key.
func FactKey(clientKey string, n int) string { return clientKey + "#" + strconv.Itoa(n) }

// ClientKey is the inverse of FactKey. ok is false for a text that FactKey can't have made.
func ClientKey(stored string) (clientKey string, n int, ok bool) {
	i := strings.LastIndexByte(stored, '#')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(stored[i+1:])
	if err != nil || n < 1 || FactKey(stored[:i], n) != stored {
		return "", 0, false
	}
	return stored[:i], n, true
}

// CommandBytes is the canonical form of a command that its digest is made over: type ‖ 0x00 ‖ canonical JSON payload.
func CommandBytes(commandType string, canonicalPayload []byte) []byte {
	b := make([]byte, 0, len(commandType)+1+len(canonicalPayload))
	b = append(b, commandType...)
	b = append(b, 0)
	return append(b, canonicalPayload...)
}

// Digest is the commandDigest of a person's command: HMAC-SHA-256 under the subkey HMAC-SHA-256(key,
// "ms1-command-digest") of the person's key (for an anonymous vote: of the poll's secret).
func Digest(key, command []byte) []byte { return digestUnder(digestSubkey(key), command) }

func digestSubkey(key []byte) (sub [32]byte) {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("ms1-command-digest"))
	m.Sum(sub[:0])
	return sub
}

func digestUnder(sub [32]byte, command []byte) []byte {
	m := hmac.New(sha256.New, sub[:])
	m.Write(command)
	return m.Sum(nil)
}

// SystemDigest is the commandDigest of a system command: plain SHA-256.
func SystemDigest(command []byte) []byte {
	sum := sha256.Sum256(command)
	return sum[:]
}
