package ingest

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// wantKeys refuses a batch whose events use keys that neither the hub has, nor the batch, nor the edge: they are stored before, or with,
// what they open. Keys that can't be opened, or are another school's, refuse it too.
func (v *view) wantKeys(b *wire.Batch, c *Changes) *wire.Refusal {
	why := v.keysWrong
	for i := range v.keys {
		if k := &v.keys[i]; why == "" && !slices.Contains(v.edge.Tenants, k.TenantID) {
			why = fmt.Sprintf("person key %s is of school %s, which is not this edge's", k.ID, k.TenantID)
		}
	}
	if why != "" {
		c.Alarms = []Alarm{{Kind: AlarmKeys, Stream: v.stream, Position: b.After, At: v.now, Why: why}}
		return &wire.Refusal{Code: wire.Malformed, UpTo: v.cursor.Position, Why: why}
	}
	have := map[wire.KeyRef]bool{}
	for i := range v.keys {
		have[wire.KeyRef{TenantID: v.keys[i].TenantID, KeyID: v.keys[i].ID}] = true
	}
	for _, k := range b.Without {
		have[k] = true
	}
	r := wire.Refusal{Code: wire.WantKeys, UpTo: v.cursor.Position, Why: "the hub does not have the keys of people that these events are about"}
	for _, k := range keysOf(b) {
		if v.keyState[k] == KeyUnknown && !have[k] && len(r.Keys) < wire.MaxKeys {
			r.Keys = append(r.Keys, k)
		}
	}
	if len(r.Keys) == 0 {
		return nil
	}
	return &r
}

// newKeys gives the keys of the batch that are to be stored.
func (v *view) newKeys() []event.PersonKey {
	var out []event.PersonKey
	for _, k := range v.keys {
		if v.keyState[wire.KeyRef{TenantID: k.TenantID, KeyID: k.ID}] == KeyUnknown {
			out = append(out, k)
		}
	}
	return out
}

type signingKeys map[event.KeyID]ed25519.PublicKey

func signingKeysOf(keys []ed25519.PublicKey) signingKeys {
	out := signingKeys{}
	for _, k := range keys {
		out[event.KeyIDOf(k)] = k
	}
	return out
}
