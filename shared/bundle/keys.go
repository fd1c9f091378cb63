package bundle

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"multistream/shared/event"
)

// keys lists the keys that the log is sealed with; one that was destroyed is listed as erased.
func (w *writer) keys(ctx context.Context, from PersonKeys, sealed []event.ID) error {
	keys := []event.ExportedKey{}
	for _, id := range sealed {
		key, known, err := from(ctx, w.manifest.TenantID, id)
		if err != nil {
			return err
		}
		if known {
			keys = append(keys, key)
		}
	}
	return w.json(event.PersonKeysFile, keys)
}

// sealedWith collects the ids of the keys of sealed fields.
type sealedWith struct {
	seen map[event.ID]bool
	ids  []event.ID // in the order of their first use
}

// look finds sealed fields by their form, of whatever type the event is.
func (s *sealedWith) look(payload []byte) {
	var v any
	if json.Unmarshal(payload, &v) == nil {
		s.walk(v)
	}
}

func (s *sealedWith) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			s.walk(inner)
		}
	case map[string]any:
		text, _ := v["keyId"].(string)
		if id, err := event.ParseID(text); err == nil && len(v) == 3 && v["nonce"] != nil && v["ciphertext"] != nil && !s.seen[id] {
			s.seen[id] = true
			s.ids = append(s.ids, id)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.walk(v[name])
		}
	}
}
