package event

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

// Sealed is an encrypted personal field: AES-256-GCM, 12 random bytes of nonce, over the JSON of the value. The ciphertext
// ends with the 16 bytes of the tag.
type Sealed struct {
	KeyID      ID     `json:"keyId"`
	Nonce      []byte `json:"nonce"`
	Ciphertext []byte `json:"ciphertext"`
}

var errForm = errors.New("personal field: want a plain value, or an object with keyId, nonce and ciphertext, or with erased")

const (
	sealedStart  = `{"keyId":"`
	sealedNonce  = `","nonce":"`
	sealedCipher = `","ciphertext":"`
	sealedEnd    = `"}`
	idLen        = 36
	nonceLen     = 16 // base64 of 12 bytes
	atNonce      = len(sealedStart) + idLen
	atCipher     = atNonce + len(sealedNonce) + nonceLen
)

// appendJSON writes the form that readSealed reads fast.
func (s *Sealed) appendJSON(b []byte) []byte {
	b = append(b, sealedStart...)
	b = append(b, s.KeyID.String()...)
	b = append(b, sealedNonce...)
	b = base64.StdEncoding.AppendEncode(b, s.Nonce)
	b = append(b, sealedCipher...)
	b = base64.StdEncoding.AppendEncode(b, s.Ciphertext)
	return append(b, sealedEnd...)
}

// strict64 reads base64 in one form only: no bits in the padding. It still skips CR and LF.
var strict64 = base64.StdEncoding.Strict()

// readSealed reads a sealed or an erased field, whatever the order of its members. It has exactly the members that make its form.
func readSealed(b []byte) (sealed *Sealed, erased bool, err error) {
	if s, ok := readWritten(b); ok {
		return s, false, nil
	}
	var s Sealed
	r, members := reader{b: b}, 0
	err = r.members(func(name []byte) error {
		members++
		if string(name) == "erased" {
			erased = true
			return r.word("true")
		}
		text, err := r.text()
		if err != nil {
			return err
		}
		switch string(name) {
		case "keyId":
			return s.KeyID.UnmarshalText([]byte(text))
		case "nonce":
			return (*Base64)(&s.Nonce).UnmarshalText([]byte(text))
		case "ciphertext":
			return (*Base64)(&s.Ciphertext).UnmarshalText([]byte(text))
		}
		return errForm
	})
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("%w: %w", errForm, err)
	case erased && members == 1:
		return nil, true, r.end()
	case erased, members != 3, s.KeyID.IsZero(), len(s.Nonce) != nonceSize, len(s.Ciphertext) < tagSize:
		return nil, false, errForm
	}
	return &s, false, r.end()
}

// readWritten reads what appendJSON writes, and nothing else: it is what a log is full of, and encoding/json needs a
// microsecond for it.
func readWritten(b []byte) (*Sealed, bool) {
	if len(b) < atCipher+len(sealedCipher)+len(sealedEnd) || !bytes.HasPrefix(b, []byte(sealedStart)) ||
		string(b[atNonce:atNonce+len(sealedNonce)]) != sealedNonce ||
		string(b[atCipher:atCipher+len(sealedCipher)]) != sealedCipher || !bytes.HasSuffix(b, []byte(sealedEnd)) {
		return nil, false
	}
	id, err := ParseID(string(b[len(sealedStart):atNonce]))
	if err != nil {
		return nil, false
	}
	text := b[atCipher+len(sealedCipher) : len(b)-len(sealedEnd)]
	buf := make([]byte, nonceSize+base64.StdEncoding.DecodedLen(len(text)))
	if n, err := strict64.Decode(buf[:nonceSize:nonceSize], b[atNonce+len(sealedNonce):atCipher]); err != nil || n != nonceSize {
		return nil, false
	}
	n, err := strict64.Decode(buf[nonceSize:], text)
	if err != nil || n < tagSize || bytes.ContainsAny(text, "\r\n") {
		return nil, false
	}
	return &Sealed{KeyID: id, Nonce: buf[:nonceSize:nonceSize], Ciphertext: buf[nonceSize : nonceSize+n]}, true
}
