package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
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

// readSealed reads a sealed or an erased field, whatever the order of its members.
func readSealed(b []byte) (sealed *Sealed, erased bool, err error) {
	if s, ok := readWritten(b); ok {
		return s, false, nil
	}
	var form struct {
		Erased bool `json:"erased"`
		Sealed
	}
	if err := json.Unmarshal(b, &form); err != nil {
		return nil, false, err
	}
	switch {
	case form.Erased:
		return nil, true, nil
	case form.KeyID.IsZero(), len(form.Nonce) != nonceSize, len(form.Ciphertext) < tagSize:
		return nil, false, errForm
	}
	return &form.Sealed, false, nil
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
	if n, err := base64.StdEncoding.Decode(buf[:nonceSize:nonceSize], b[atNonce+len(sealedNonce):atCipher]); err != nil || n != nonceSize {
		return nil, false
	}
	n, err := base64.StdEncoding.Decode(buf[nonceSize:], text)
	if err != nil || n < tagSize || bytes.ContainsAny(text, "\r\n") {
		return nil, false
	}
	return &Sealed{KeyID: id, Nonce: buf[:nonceSize:nonceSize], Ciphertext: buf[nonceSize : nonceSize+n]}, true
}
