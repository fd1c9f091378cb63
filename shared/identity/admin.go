package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/people"
)

// answersKept is how long a repeat gets the first answer, and what the cap of keys is counted over.
const answersKept = 24 * time.Hour

// writing is a change on its way: what it needs beside the edit, and what it leaves for after the commit.
type writing struct {
	s     *Service
	e     Editor
	admin directory.User
	key   string

	ended map[event.ID][]event.ID // sign-ins by person
	stale []event.ID
	light map[event.ID]string // hashes of one-time passwords that were made ready
}

// Write makes a change of the directory, once: a repeat with the same key gets the first answer, which is returned as JSON.
// p must be an admin of the school, which no hub may rule. Returns fault.Forbidden, fault.HubRules, fault.KeyConflict,
// fault.KeysExhausted, fault.VersionConflict with what is there now, fault.LastAdmin, fault.NotFound, fault.InvalidField,
// fault.WrongState, fault.IdentityDown.
func (s *Service) Write(ctx context.Context, p Principal, w people.Write) ([]byte, error) {
	if f, ok := w.Change.(*people.Import); ok {
		return s.importFile(ctx, p, w, f)
	}
	change, light, err := s.prepare(ctx, p, w)
	if err != nil {
		return nil, err
	}
	var answer any
	var done *writing
	var first []byte
	err = s.edit(ctx, p.TenantID, func(e Editor) error {
		d := &writing{s: s, e: e, key: w.Key, ended: map[event.ID][]event.ID{}, light: light}
		if first, err = d.begin(p, w); err != nil || first != nil {
			return err
		}
		if answer, err = change(d); err != nil {
			return err
		}
		done = d
		return d.remember(p, w, answer)
	})
	if err != nil {
		return nil, err
	}
	if first != nil {
		return s.unsealed(p, w, first)
	}
	done.tell()
	b, err := json.Marshal(answer)
	if err != nil {
		return nil, fault.Of(err)
	}
	return s.unsealed(p, w, b)
}

// begin lets a change through, or gives the answer that its key got before.
func (d *writing) begin(p Principal, w people.Write) (first []byte, err error) {
	if d.admin, err = presentIn(d.e, p.UserID); err != nil {
		return nil, err
	}
	digest, first, ok, err := d.e.Answered(p.UserID, w.Key)
	switch {
	case err != nil:
		return nil, err
	case ok && event.Hash(digest) != w.Digest:
		return nil, fault.New(fault.KeyConflict, "This idempotency key was used for another request. Nothing was changed; use a new key for a new request.")
	case ok:
		return first, nil
	}
	if err := mustBeAdmin(d.admin); err != nil {
		return nil, err
	}
	if err := localOnly(d.e); err != nil {
		return nil, err
	}
	day := event.Time(answersKept.Milliseconds())
	n, oldest, err := d.e.AnsweredSince(p.UserID, d.s.now()-day, limits.KeysOfDay)
	if err == nil && n >= limits.KeysOfDay {
		err = fault.New(fault.KeysExhausted, "You have made %d changes within a day, and their answers are kept for repeats. Nothing was changed; please go on later.", n).
			With("retryAfterMs", max(1000, int64(oldest+day-d.s.now())))
	}
	return nil, err
}

// remember stores the answer; one-time passwords are not in it, as they can be made anew: see unsealed.
func (d *writing) remember(p Principal, w people.Write, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return fault.Of(err)
	}
	return d.e.SaveAnswered(p.UserID, w.Key, w.Digest[:], w.Status, b, d.s.now())
}

// tell makes known, once it is durable, what the change revoked.
func (d *writing) tell() {
	for _, user := range d.stale {
		d.s.revoked.outdate(user)
		d.s.onRevoked(user)
	}
	for user, signIns := range d.ended {
		d.s.ended(user, signIns...)
	}
}

// audit appends an entry about a change by the admin.
func (d *writing) audit(action string, target event.ID, pairs ...any) error {
	return d.e.Audit(directory.AuditEntry{At: d.s.now(), ActorID: d.admin.ID, Action: action, TargetID: target, Details: details(pairs...)})
}

// oneTime gives the one-time password that a request makes for a person. It follows from both and from a secret, so that a
// repeat is told the same one and no plain password is stored.
func (s *Service) oneTime(p Principal, w people.Write, user event.ID) Secret {
	mac := hmac.New(sha256.New, s.oneTimeKey)
	fmt.Fprintf(mac, "%s %s %s %s %s", p.TenantID, p.UserID, user, w.Digest, w.Key)
	first := mac.Sum(nil)
	second := sha256.Sum256(first)
	return oneTimeOf(append(first, second[:]...))
}

// unsealed puts the one-time passwords into an answer.
func (s *Service) unsealed(p Principal, w people.Write, answer []byte) ([]byte, error) {
	fill := func(into any, put func()) ([]byte, error) {
		if err := json.Unmarshal(answer, into); err != nil {
			return nil, fault.Of(err)
		}
		put()
		b, err := json.Marshal(into)
		if err != nil {
			return nil, fault.Of(err)
		}
		return b, nil
	}
	switch w.Change.(type) {
	case *people.CreateUser:
		var u people.User
		return fill(&u, func() { u.OneTimePassword = string(s.oneTime(p, w, u.ID)) })
	case *people.MakeCards:
		var c people.Cards
		return fill(&c, func() {
			for i := range c.Cards {
				c.Cards[i].OneTimePassword = string(s.oneTime(p, w, c.Cards[i].UserID))
			}
		})
	case *people.Import:
		var done people.Imported
		return fill(&done, func() {
			for i := range done.Rows {
				if r := &done.Rows[i]; r.Action == rowCreate && r.UserID != nil {
					r.OneTimePassword = string(s.oneTime(p, w, *r.UserID))
				}
			}
		})
	}
	return answer, nil
}

// keyUsed refuses a key that made something so long ago that its answer was forgotten.
func keyUsed() error {
	return fault.New(fault.KeyConflict, "This idempotency key was used before, and its answer is not kept any more. Nothing was changed; use a new key for a new request.")
}

// versionOf names what a value is now: the same exactly if nothing in it changed.
func versionOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("identity: a value without a version: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// sameVersion refuses a change of something that is not as its author saw it.
func sameVersion(given, present string, now any) error {
	if given == present {
		return nil
	}
	return fault.New(fault.VersionConflict, "Somebody else changed this meanwhile. Nothing of yours was written and nothing of theirs is lost; look at what is there now, and change that.").
		With("present", now)
}
