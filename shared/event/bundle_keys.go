package event

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// signingKeys reads the public keys that heads and receipts are checked with.
func (c *bundleCheck) signingKeys() error {
	b, err := c.read(EdgeKeysFile, false)
	if err != nil {
		return err
	}
	var keys []SigningKey
	if b != nil {
		c.formed(EdgeKeysFile, ReadStrict(b, &keys))
	}
	for _, k := range keys {
		_, twice := c.signers[k.KeyID]
		edge := k.Kind == "edge" && !k.EdgeID.IsZero()
		hub := k.Kind == "hub" && k.EdgeID.IsZero()
		if !edge && !hub || k.KeyID.IsZero() || len(k.PublicKey) != ed25519.PublicKeySize {
			c.unreadable("%s: key %s is neither one of an edge nor of the hub, of 32 bytes", EdgeKeysFile, k.KeyID)
			continue
		}
		if twice || KeyIDOf(ed25519.PublicKey(k.PublicKey)) != k.KeyID {
			c.fail("%s: key %s comes twice, or is not named after its public key", EdgeKeysFile, k.KeyID)
			continue
		}
		c.signers[k.KeyID] = k
	}
	return nil
}

func (c *bundleCheck) heads() error {
	b, err := c.read(HeadsFile, false)
	if err != nil {
		return err
	}
	c.formed(HeadsFile, ReadLines(bytes.NewReader(b), func(number int, l HeadLine) error {
		if err := l.complete(); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		h := l.Head()
		signer, known := c.signers[h.KeyID]
		if !known || signer.Kind != "edge" || signer.EdgeID != h.EdgeID {
			c.fail("%s: line %d: no key of this edge has that id", HeadsFile, number)
			return nil
		}
		c.report.HeadsTo = max(c.report.HeadsTo, c.statement(HeadsFile, number, h, h.Verify(ed25519.PublicKey(signer.PublicKey))))
		return nil
	}))
	return nil
}

func (c *bundleCheck) receipts() error {
	b, err := c.read(ReceiptsFile, false)
	if err != nil {
		return err
	}
	c.formed(ReceiptsFile, ReadLines(bytes.NewReader(b), func(number int, l ReceiptLine) error {
		if err := l.complete(); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		r := l.Receipt()
		signer, known := c.signers[r.KeyID]
		if !known || signer.Kind != "hub" {
			c.fail("%s: line %d: no key of the hub has that id", ReceiptsFile, number)
			return nil
		}
		c.report.ReceiptsTo = max(c.report.ReceiptsTo, c.statement(ReceiptsFile, number, r.Head, r.Verify(ed25519.PublicKey(signer.PublicKey))))
		return nil
	}))
	return nil
}

// statement checks what heads and receipts have in common. It gives how far the statement reaches in EventsFile, 0 for none.
func (c *bundleCheck) statement(file string, number int, h Head, signature error) (sequence int64) {
	canonical, known := c.rows[rowKey{h.Epoch, h.Sequence, h.Hash, h.EdgeID}]
	switch {
	case signature != nil:
		c.fail("%s: line %d: %v", file, number, signature)
	case h.TenantID != c.report.Manifest.TenantID || h.SessionID != c.report.Manifest.SessionID:
		c.fail("%s: line %d is about another session", file, number)
	case !known:
		c.fail("%s: line %d is validly signed, but no event is %d.%d with that hash: the log was changed or cut", file, number, h.Epoch, h.Sequence)
	case canonical:
		return h.Sequence
	default:
		c.report.Overtaken = append(c.report.Overtaken, fmt.Sprintf("%s: line %d: %d.%d was overtaken, its event is only in %s",
			file, number, h.Epoch, h.Sequence, SupersededFile))
	}
	return 0
}

func (c *bundleCheck) loadPersonKeys() error {
	b, err := c.read(PersonKeysFile, true)
	if err != nil || b == nil {
		return err
	}
	var keys []ExportedKey
	c.formed(PersonKeysFile, ReadStrict(b, &keys))
	c.persons = map[ID]ExportedKey{}
	for _, k := range keys {
		_, twice := c.persons[k.KeyID]
		if twice || k.KeyID.IsZero() || k.PersonID.IsZero() || k.Erased && len(k.Secret) != 0 || !k.Erased && len(k.Secret) != 32 {
			c.unreadable("%s: key %s comes twice, or is neither a secret of 32 bytes nor erased", PersonKeysFile, k.KeyID)
			continue
		}
		c.persons[k.KeyID] = k
	}
	return nil
}

// openFields tries the person keys on every sealed field of a payload, found by its form, of whatever type the event is.
func (c *bundleCheck) openFields(e *Event) {
	if c.persons == nil || CheckPayload(e.Payload) != nil {
		return
	}
	w := newWalker(e.Context(), false)
	if err := c.openValue(w, e.Payload, 0); err != nil {
		c.fail("%s: sequence %d: %v", EventsFile, e.Sequence, err)
	}
}

func (c *bundleCheck) openValue(w *walker, raw json.RawMessage, depth int) error {
	if depth > maxNested {
		return errors.New("nested too deep")
	}
	var failed []error
	switch raw = bytes.TrimLeft(raw, " \t\r\n"); raw[0] {
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return err
		}
		for i, item := range items {
			mark := w.downIndex(i)
			failed = append(failed, c.openValue(w, item, depth+1))
			w.aad = w.aad[:mark]
		}
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return err
		}
		if len(members) == 3 && members["keyId"] != nil && members["nonce"] != nil && members["ciphertext"] != nil {
			return c.openSealed(w, raw)
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			mark := w.down(name)
			failed = append(failed, c.openValue(w, members[name], depth+1))
			w.aad = w.aad[:mark]
		}
	}
	return errors.Join(failed...)
}

func (c *bundleCheck) openSealed(w *walker, raw json.RawMessage) error {
	var field Personal[json.RawMessage]
	if err := field.UnmarshalJSON(raw); err != nil {
		return fmt.Errorf("%s: %w", w.path(), err)
	}
	var cache keyCache
	switch err := openField(&field, field.Sealed, w.aad, ID{}, c, &cache); {
	case errors.Is(err, ErrNoKey):
		c.report.Unknown++
	case err != nil:
		return fmt.Errorf("%s: %w", w.path(), err)
	case field.Erased:
		c.report.Erased++
	case !utf8.Valid(field.V) || field.V[0] == '{':
		return fmt.Errorf("%s: opens as what no field holds", w.path())
	default:
		c.report.Opened++
	}
	return nil
}

// Get, Current and Of make the bundle's keys a key ring that only opens.
func (c *bundleCheck) Get(_, keyID ID) (PersonKey, error) {
	k, known := c.persons[keyID]
	switch {
	case !known:
		return PersonKey{}, ErrNoKey
	case k.Erased:
		return PersonKey{}, ErrErased
	}
	return PersonKey{ID: k.KeyID, PersonID: k.PersonID, Secret: [32]byte(k.Secret)}, nil
}

// Current has none: nothing is sealed with exported keys.
func (c *bundleCheck) Current(_, _ ID) (PersonKey, error) { return PersonKey{}, ErrNoKey }

// Of lists none.
func (c *bundleCheck) Of(_, _ ID) ([]PersonKey, bool, error) { return nil, false, nil }
