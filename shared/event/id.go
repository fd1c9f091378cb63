package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ID is an RFC 9562 UUID, 16 raw bytes. The zero ID means "absent".
type ID [16]byte

// NewID makes a time-ordered random id (UUIDv7).
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID reads the canonical form, 36 characters in lower case, and refuses every other one. It refuses the id of zeros
// too: in raw form that means "absent", so its text could not be written again.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("id %q: want 36 characters like 0190a7c8-5e2b-7cc0-8000-000000000001", clip(s))
	}
	for i, at := range [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := hexValue(s[at]), hexValue(s[at+1])
		if high > 15 || low > 15 {
			return ID{}, fmt.Errorf("id %q: want hex digits in lower case", clip(s))
		}
		id[i] = high<<4 | low
	}
	if id.IsZero() {
		return ID{}, errors.New("id of zeros: it stands for an absent one")
	}
	return id, nil
}

// hexValue gives 16 for what is no lower-case hex digit.
func hexValue(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// MustID is ParseID for constants and tests; it panics on a bad id.
func MustID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// DeriveID makes the UUIDv8 of the n-th id that a command causes, so that a retry of the command makes the same
// ids: the first 16 bytes of SHA-256("ms1-id" ‖ session ‖ actor ‖ key ‖ 0x00 ‖ n), version and variant bits set.
func DeriveID(session, actor ID, key string, n int) ID {
	h := sha256.New()
	h.Write([]byte("ms1-id"))
	h.Write(session[:])
	h.Write(actor[:])
	h.Write([]byte(key))
	h.Write([]byte{0, byte(n >> 8), byte(n)})
	return version8(h.Sum(nil))
}

// Pseudonym is the voter id of an anonymous poll: the UUIDv8 of HMAC-SHA-256(poll secret, user).
func Pseudonym(secret []byte, user ID) ID {
	m := hmac.New(sha256.New, secret)
	m.Write(user[:])
	return version8(m.Sum(nil))
}

func version8(sum []byte) ID {
	var id ID
	copy(id[:], sum)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// IsZero reports whether the id is absent.
func (id ID) IsZero() bool { return id == ID{} }

// String gives the canonical form, or "" for an absent id.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// AppendText appends the canonical form, or nothing for an absent id.
func (id ID) AppendText(dst []byte) ([]byte, error) {
	if id.IsZero() {
		return dst, nil
	}
	for i, group := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, group)
	}
	return dst, nil
}

// MarshalText writes the canonical form; an absent id is the empty text.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the canonical form; the empty text is the absent id.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	v, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Bytes gives the 16 raw bytes, or nil for an absent id: its form in hashes and databases.
func (id ID) Bytes() []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// IDFromBytes is the inverse of Bytes.
func IDFromBytes(b []byte) (ID, error) {
	switch len(b) {
	case 0:
		return ID{}, nil
	case 16:
		return ID(b), nil
	}
	return ID{}, errors.New("id: want 16 bytes")
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
