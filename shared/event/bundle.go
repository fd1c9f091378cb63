package event

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// The files of a bundle: an exported session with its proof (docs/events.md, section 6).
const (
	ManifestFile   = "manifest.json"
	EventsFile     = "events.ndjson"
	HeadsFile      = "heads.ndjson"
	ReceiptsFile   = "receipts.ndjson"
	EdgeKeysFile   = "edge-keys.json"
	SupersededFile = "superseded.ndjson"       // optional
	PersonKeysFile = "person-keys.json"        // optional: makes the class readable
	MaxLine        = 2 << 20                   // bytes of a line, without its LF
	BundleFormat   = "multistream-session-log" // in the manifest
	BundleVersion  = 1                         // in the manifest
)

// Manifest says what a bundle holds.
type Manifest struct {
	Format     string       `json:"format"`
	Version    int64        `json:"version"`
	TenantID   ID           `json:"tenantId"`
	SessionID  ID           `json:"sessionId"`
	ExportedAt int64        `json:"exportedAt"` // milliseconds since 1970
	Count      int64        `json:"count"`      // lines of EventsFile
	Head       ManifestHead `json:"head"`
	Files      []BundleFile `json:"files"` // all but the manifest itself
}

// ManifestHead is the position and the hash of a bundle's last event.
type ManifestHead struct {
	Epoch    int64 `json:"epoch"`
	Sequence int64 `json:"sequence"`
	Hash     Hash  `json:"hash"`
}

// BundleFile is a file of a bundle as it was when exported.
type BundleFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 Hash   `json:"sha256"`
}

// EventLine is an event as EventsFile and SupersededFile hold it.
type EventLine struct {
	ID             ID       `json:"id"`
	TenantID       ID       `json:"tenantId"`
	SessionID      ID       `json:"sessionId"`
	Epoch          int64    `json:"epoch"`
	Sequence       int64    `json:"sequence"`
	EventType      string   `json:"eventType"`
	SchemaVersion  int64    `json:"schemaVersion"`
	EventPayload   Base64   `json:"eventPayload"`
	ActorID        ID       `json:"actorId"`
	EdgeID         ID       `json:"edgeId"`
	CreatedAt      int64    `json:"createdAt"`
	IdempotencyKey string   `json:"idempotencyKey"`
	CommandDigest  HexBytes `json:"commandDigest"`
	Salt           HexBytes `json:"salt"`
	PrevHash       Hash     `json:"prevHash"`
	Hash           Hash     `json:"hash"`
}

// LineOf makes the line of an event.
func LineOf(e *Event) EventLine {
	return EventLine{
		ID: e.ID, TenantID: e.TenantID, SessionID: e.SessionID, Epoch: e.Epoch, Sequence: e.Sequence, EventType: e.Type,
		SchemaVersion: e.SchemaVersion, EventPayload: e.Payload, ActorID: e.ActorID, EdgeID: e.EdgeID, CreatedAt: int64(e.CreatedAt),
		IdempotencyKey: e.IdempotencyKey, CommandDigest: e.CommandDigest, Salt: e.Salt[:], PrevHash: e.PrevHash, Hash: e.Hash,
	}
}

// Event gives the event of a line. Only its form is checked, not its hash: see Chain.
func (l *EventLine) Event() (Event, error) {
	if len(l.Salt) != 16 {
		return Event{}, fmt.Errorf("salt of %d bytes, want 16", len(l.Salt))
	}
	if l.ID.IsZero() || l.TenantID.IsZero() || l.SessionID.IsZero() || l.EdgeID.IsZero() {
		return Event{}, errors.New("id, tenant, session and edge must be there")
	}
	return Event{
		ID: l.ID, TenantID: l.TenantID, SessionID: l.SessionID, Epoch: l.Epoch, Sequence: l.Sequence, Type: l.EventType,
		SchemaVersion: l.SchemaVersion, Payload: l.EventPayload, ActorID: l.ActorID, EdgeID: l.EdgeID, CreatedAt: Time(l.CreatedAt),
		IdempotencyKey: l.IdempotencyKey, CommandDigest: l.CommandDigest, Salt: [16]byte(l.Salt), PrevHash: l.PrevHash, Hash: l.Hash,
	}, nil
}

// HeadLine is a head as HeadsFile holds it: a Head, with its signature read strictly.
type HeadLine struct {
	TenantID  ID     `json:"tenantId"`
	SessionID ID     `json:"sessionId"`
	Epoch     int64  `json:"epoch"`
	Sequence  int64  `json:"sequence"`
	Hash      Hash   `json:"hash"`
	EdgeID    ID     `json:"edgeId"`
	KeyID     KeyID  `json:"keyId"`
	Signature Base64 `json:"signature"`
}

// LineOfHead makes the line of a head.
func LineOfHead(h Head) HeadLine {
	return HeadLine{h.TenantID, h.SessionID, h.Epoch, h.Sequence, h.Hash, h.EdgeID, h.KeyID, h.Signature}
}

// Head gives the head of a line. Its signature is not checked.
func (l *HeadLine) Head() Head {
	return Head{l.TenantID, l.SessionID, l.Epoch, l.Sequence, l.Hash, l.EdgeID, l.KeyID, l.Signature}
}

// complete returns an error if an id is absent.
func (l *HeadLine) complete() error {
	if l.TenantID.IsZero() || l.SessionID.IsZero() || l.EdgeID.IsZero() || l.KeyID.IsZero() {
		return errors.New("tenant, session, edge and key must be there")
	}
	return nil
}

// ReceiptLine is a receipt as ReceiptsFile holds it.
type ReceiptLine struct {
	HeadLine
	ReceivedAt int64 `json:"receivedAt"` // milliseconds since 1970
}

// LineOfReceipt makes the line of a receipt.
func LineOfReceipt(r Receipt) ReceiptLine {
	return ReceiptLine{HeadLine: LineOfHead(r.Head), ReceivedAt: int64(r.ReceivedAt)}
}

// Receipt gives the receipt of a line. Its signature is not checked.
func (l *ReceiptLine) Receipt() Receipt {
	return Receipt{Head: l.Head(), ReceivedAt: Time(l.ReceivedAt)}
}

// SigningKey is a public key of an edge or of the hub, as EdgeKeysFile lists them.
type SigningKey struct {
	KeyID     KeyID  `json:"keyId"`
	Kind      string `json:"kind"`   // edge, hub
	EdgeID    ID     `json:"edgeId"` // absent for the hub
	PublicKey Base64 `json:"publicKey"`
}

// EdgeKey describes the public key of an edge.
func EdgeKey(edge ID, public ed25519.PublicKey) SigningKey {
	return SigningKey{KeyID: KeyIDOf(public), Kind: "edge", EdgeID: edge, PublicKey: Base64(public)}
}

// HubKey describes the public key of the hub.
func HubKey(public ed25519.PublicKey) SigningKey {
	return SigningKey{KeyID: KeyIDOf(public), Kind: "hub", PublicKey: Base64(public)}
}

// ExportedKey is a person's key as PersonKeysFile lists it: either its secret, or the mark that it was destroyed.
type ExportedKey struct {
	KeyID    ID     `json:"keyId"`
	PersonID ID     `json:"personId"`
	Secret   Base64 `json:"secret"`
	Erased   bool   `json:"erased"`
}

// Base64 is written as base64 with padding, and read only in that one form.
type Base64 []byte

// MarshalText writes base64.
func (b Base64) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, b), nil }

// UnmarshalText reads what MarshalText writes.
func (b *Base64) UnmarshalText(text []byte) error {
	out, err := strict64.DecodeString(string(text))
	if err != nil || strings.ContainsAny(string(text), "\r\n") {
		return errors.New("want base64 with padding and without line breaks")
	}
	*b = out
	return nil
}

// HexBytes is written as lower-case hex, and read only in that form; no bytes are the empty text.
type HexBytes []byte

// MarshalText writes lower-case hex.
func (b HexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText reads what MarshalText writes.
func (b *HexBytes) UnmarshalText(text []byte) error {
	out, err := hex.DecodeString(string(text))
	if err != nil || hex.EncodeToString(out) != string(text) {
		return errors.New("want hex digits in lower case")
	}
	*b = out
	if len(out) == 0 {
		*b = nil
	}
	return nil
}
