package edge

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Verdict is what a check of one class found. The class is as it was written if Problems is empty.
type Verdict struct {
	TenantID, SessionID event.ID
	Status              string // "" where the list of classes does not tell
	Events              int64  // that are good, from the first one on
	Head                event.Position
	Heads               int   // signed heads with a valid signature
	HeadsTo             int64 // highest sequence that one of them names, 0 for none
	Foreign             int   // signed heads of other edges and hub receipts: their keys are not in this folder
	Problems            []string
}

// shownProblems bounds how much is told of one class: a class that is badly damaged has as many problems as events.
const shownProblems = 20

func (v *Verdict) add(err error) {
	if err != nil && len(v.Problems) < shownProblems {
		v.Problems = append(v.Problems, err.Error())
	}
}

// Verify checks a class: every row against its hash, chain, order and the rules of docs/events.md; that the indexes of the
// database name each row; that ids and keys come once; its heads and their signatures; its row in the list of classes. It
// returns eventlog.ErrNotFound if there is no such class, and another error only if it could not look.
func (a *Archive) Verify(ctx context.Context, tenant, id event.ID) (Verdict, error) {
	v := Verdict{TenantID: tenant, SessionID: id}
	// Heads first: what is signed later is not missing from what is read later.
	heads, err := a.r.SignedHeads(ctx, tenant, id)
	if err != nil {
		return v, notDamage(&v, err)
	}
	receipts, err := a.r.Receipts(ctx, tenant, id)
	if err != nil {
		return v, notDamage(&v, err)
	}
	if err := notDamage(&v, a.r.VerifySession(ctx, tenant, id)); err != nil {
		return v, err
	}
	rows := map[event.Position]*event.Event{}
	for _, h := range heads {
		rows[event.Position{Epoch: h.Epoch, Sequence: h.Sequence}] = nil
	}
	if err := a.verifyChain(ctx, &v, rows); err != nil {
		return v, err
	}
	if err := a.verifyHeads(ctx, &v, heads, rows); err != nil {
		return v, err
	}
	v.Foreign += len(receipts)
	summary, err := a.r.Summary(ctx, tenant, id)
	switch {
	case errors.Is(err, eventlog.ErrNotFound):
		v.add(errors.New("its row in the list of classes is missing; the log is the truth, and the next event writes the row anew"))
	case err != nil:
		return v, notDamage(&v, err)
	case len(v.Problems) == 0 && summary.Sequence > v.Head.Sequence:
		v.add(fmt.Errorf("the list of classes knows of sequence %d, the log ends at %d", summary.Sequence, v.Head.Sequence))
	}
	v.Status = summary.Status
	return v, nil
}

// notDamage adds damage to the verdict, and gives back what is another error. Nothing found is no error.
func notDamage(v *Verdict, err error) error {
	if errors.Is(err, eventlog.ErrDamaged) {
		v.add(err)
		return nil
	}
	return err
}

// verifyChain goes through the events once more, by the rules that need all of them, and notes those that heads name.
func (a *Archive) verifyChain(ctx context.Context, v *Verdict, named map[event.Position]*event.Event) error {
	head, err := a.r.Head(ctx, v.TenantID, v.SessionID)
	if err != nil {
		return repeated(v, err)
	}
	v.Head = event.Position{Epoch: head.Epoch, Sequence: head.Sequence}
	var chain event.Chain
	err = a.each(ctx, v.TenantID, v.SessionID, head.Sequence, func(e *event.Event) error {
		if err := chain.Next(e); err != nil {
			v.add(err)
		} else if len(v.Problems) == 0 {
			v.Events = e.Sequence
		}
		at := event.Position{Epoch: e.Epoch, Sequence: e.Sequence}
		if _, asked := named[at]; asked {
			named[at] = e
		}
		return nil
	})
	return repeated(v, err)
}

// repeated drops damage that was told already.
func repeated(v *Verdict, err error) error {
	if errors.Is(err, eventlog.ErrDamaged) && len(v.Problems) > 0 {
		return nil
	}
	return notDamage(v, err)
}

// verifyHeads checks the signatures of heads, and that each names an event of the class, or one that was superseded.
func (a *Archive) verifyHeads(ctx context.Context, v *Verdict, heads []event.Head, rows map[event.Position]*event.Event) error {
	signers, err := a.r.Signers(ctx)
	if err != nil {
		return notDamage(v, err)
	}
	public := map[event.KeyID]event.SigningKey{}
	for _, s := range signers {
		public[s.KeyID] = s
	}
	superseded, err := a.r.Superseded(ctx, v.TenantID, v.SessionID)
	if err != nil {
		return notDamage(v, err)
	}
	old := map[event.Hash]bool{}
	for i := range superseded {
		old[superseded[i].Hash] = true
	}
	for _, h := range heads {
		signer, known := public[h.KeyID]
		e := rows[event.Position{Epoch: h.Epoch, Sequence: h.Sequence}]
		switch {
		case !known:
			v.Foreign++
			continue
		case h.Verify(ed25519.PublicKey(signer.PublicKey)) != nil:
			v.add(fmt.Errorf("the signed head at sequence %d has a signature that is not valid", h.Sequence))
		case e != nil && e.Hash == h.Hash && e.EdgeID == h.EdgeID:
			v.Heads++
			v.HeadsTo = max(v.HeadsTo, h.Sequence)
		case old[h.Hash]:
			v.Heads++
		case e == nil && v.Events < h.Sequence && len(v.Problems) > 0: // it lies behind what could be read
		default:
			v.add(fmt.Errorf("sequence %d: this edge signed another event here: the log was changed or cut", h.Sequence))
		}
	}
	return nil
}
