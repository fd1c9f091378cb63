package gateway

import (
	"context"
	"crypto/rand"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// codeLetters are those of codes that the box makes: no 0 and O, no 1 and I, which look alike on a board.
const codeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// Letters of a code: those that the box makes, and the fewest that somebody may choose.
const (
	codeLength   = 8
	codeShortest = 6
	codeLongest  = 12
)

// newCode makes a random join code.
func newCode() string {
	b := make([]byte, codeLength)
	rand.Read(b)
	for i := range b {
		b[i] = codeLetters[b[i]%byte(len(codeLetters))] // 32 of them: none is likelier
	}
	return string(b)
}

// foldCode gives a code as it is kept, whatever its case, dashes and blanks.
func foldCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
}

// checkCode refuses a chosen code that is easily guessed, or can't be typed.
func checkCode(code string) error {
	wrong := strings.ContainsFunc(code, func(r rune) bool { return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z') })
	if wrong || len(code) < codeShortest || len(code) > codeLongest {
		return fault.At(fault.InvalidField, "joinCode", "A join code has %d to %d letters and digits. Nothing was changed; choose another or let the box make one.", codeShortest, codeLongest)
	}
	return nil
}

// withCode gives a command that may set a join code: the code is made if the box is to choose, kept in one form, and opens one
// class alone. The box gives such commands one after the other, so that of two who choose the same code at once one is refused.
func (g *Gateway) withCode(ctx context.Context, o *order, give func() (any, error)) (any, error) {
	var code *string
	switch p := o.payload.(type) {
	case *session.SessionSchedule:
		code = &p.JoinCode
	case *session.SessionReschedule:
		if o.newCode {
			p.JoinCode = new(string)
		}
		code = p.JoinCode
	}
	if code == nil {
		return give()
	}
	defer g.guesses.changed()
	if *code == "" && !o.newCode {
		return give()
	}
	if !o.newCode {
		*code = foldCode(*code)
		if err := checkCode(*code); err != nil {
			return nil, err
		}
	}
	select {
	case g.coding <- struct{}{}:
		defer func() { <-g.coding }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if o.newCode {
			*code = newCode()
		}
		taken, err := g.takenBy(ctx, *code, o.session)
		switch {
		case err != nil:
			return nil, err
		case !taken:
			return give()
		case !o.newCode:
			return nil, fault.At(fault.WrongState, "joinCode", "This join code opens another class. Nothing was changed; choose another or let the box make one.")
		}
	}
}

// takenBy tells whether a code opens another class than this one.
func (g *Gateway) takenBy(ctx context.Context, code string, class event.ID) (bool, error) {
	open, err := g.o.Sessions.OpenByCode(ctx, code)
	for i := range open {
		if open[i].ID != class {
			return true, err
		}
	}
	return false, err
}
