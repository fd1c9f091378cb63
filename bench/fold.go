package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// measureFold folds a long class as it lies in the log.
func measureFold(ctx context.Context, b *bench) (err error) {
	s, err := openSchool(ctx, filepath.Join(b.dir, "fold"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := newLesson(ctx, s, 1, 60)
	if err != nil {
		return err
	}
	if err := l.hold(ctx, b.foldEvents); err != nil {
		return err
	}
	events, err := l.log(ctx, b.foldEvents)
	if err != nil {
		return err
	}
	keys := s.box.Store.Keys()
	var folds, opens, raws []float64
	for range min(b.rounds, 15) {
		begin := time.Now()
		opened, err := event.OpenEvents(events, keys)
		if err != nil {
			return err
		}
		opens = append(opens, perSecond(len(events), begin))
		state := session.New(l.class)
		session.Fold(state, opened)
		folds = append(folds, perSecond(len(events), begin))
		begin = time.Now()
		if err := decodeAndOpen(events, keys); err != nil {
			return err
		}
		raws = append(raws, perSecond(len(events), begin))
	}
	f := ratioFigure(fmt.Sprintf("fold of %d events, opened", len(events)), "/s", "encoding/json into a map and AES-256-GCM of the same payloads", folds, raws, 0)
	f.Note = fmt.Sprintf("%.0f ms in all; decoding and opening alone %.0f events/s; raw is encoding/json of the same payloads and AES-GCM of their sealed fields",
		1000*float64(len(events))/f.Value, quantile(opens, 0.5))
	return b.out.add(f)
}

func perSecond(n int, begin time.Time) float64 { return float64(n) / time.Since(begin).Seconds() }

// log reads the first so many events of the class.
func (l *lesson) log(ctx context.Context, most int) ([]event.Event, error) {
	var out []event.Event
	for len(out) < most {
		page, err := l.s.box.Store.Read(ctx, l.s.tenant, l.class, int64(len(out)), min(500, most-len(out)))
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		out = append(out, page...)
	}
	return out, nil
}

// sealedField is a personal field as it lies in a payload.
type sealedField struct {
	KeyID      event.ID `json:"keyId"`
	Nonce      []byte   `json:"nonce"`
	Ciphertext []byte   `json:"ciphertext"`
}

// decodeAndOpen is the least that reading the log needs: the JSON of each payload parsed once by the standard library, and
// each sealed field decrypted once, with every key made ready once.
func decodeAndOpen(events []event.Event, keys event.KeyRing) error {
	ready := map[event.ID]cipher.AEAD{}
	for i := range events {
		e := &events[i]
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(e.Payload, &fields); err != nil {
			return err
		}
		for name, value := range fields {
			if !bytes.HasPrefix(value, []byte(`{"keyId":`)) {
				continue
			}
			var f sealedField
			if err := json.Unmarshal(value, &f); err != nil {
				return err
			}
			aead := ready[f.KeyID]
			if aead == nil {
				key, err := keys.Get(e.TenantID, f.KeyID)
				if err != nil {
					return err
				}
				block, err := aes.NewCipher(key.Secret[:])
				if err != nil {
					return err
				}
				if aead, err = cipher.NewGCM(block); err != nil {
					return err
				}
				ready[f.KeyID] = aead
			}
			aad := append(append(append(append([]byte(nil), e.TenantID[:]...), e.SessionID[:]...), e.ID[:]...), name...)
			if _, err := aead.Open(nil, f.Nonce, f.Ciphertext, aad); err != nil {
				return fmt.Errorf("sequence %d, %s: %w", e.Sequence, name, err)
			}
		}
	}
	return nil
}

// measureView encodes what somebody who joins a class after three hours gets.
func measureView(ctx context.Context, b *bench) (err error) {
	const mostBytes = 64_000
	s, err := openSchool(ctx, filepath.Join(b.dir, "view"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := newLesson(ctx, s, 2, 200)
	if err != nil {
		return err
	}
	if err := l.hold(ctx, b.foldEvents/4); err != nil { // three hours of a lively class
		return err
	}
	for _, who := range []session.Actor{l.teacher, l.students[0]} {
		var view []byte
		var took time.Duration
		if err := s.box.Classes.Read(ctx, s.tenant, l.class, func(state *session.State) (err error) {
			begin := time.Now()
			view, err = json.Marshal(session.View(state, who.UserID))
			took = time.Since(begin)
			return err
		}); err != nil {
			return err
		}
		small, err := gzipped(view)
		if err != nil {
			return err
		}
		err = b.out.add(figure{Name: "view of a " + who.Role + " after 3 hours, gzip -6", Value: float64(small), Unit: "B", Raw: float64(len(view)), RawIs: "the same JSON uncompressed",
			Ratio: float64(small) / float64(len(view)), Low: float64(small) / float64(len(view)), High: float64(small) / float64(len(view)), Rounds: 1,
			Target: "≤ 64 kB", Met: met(small <= mostBytes), Note: fmt.Sprintf("200 people, %d commands; encoding took %.1f ms; raw is the same JSON, not compressed", l.s.given.Load(), took.Seconds()*1000)})
		if err != nil {
			return err
		}
	}
	return nil
}

func gzipped(b []byte) (int, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, 6)
	if err != nil {
		return 0, err
	}
	_, err = w.Write(b)
	err = errors.Join(err, w.Close())
	return out.Len(), err
}
