package gateway

import (
	"errors"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// passwordBody changes one's own password, or resets somebody else's.
type passwordBody struct {
	OldPassword string   `json:"oldPassword,omitzero" optional:"true" limit:"password"`
	NewPassword string   `json:"newPassword,omitzero" optional:"true" limit:"new_password"`
	Email       string   `json:"email,omitzero" optional:"true" limit:"email"`
	Username    string   `json:"username,omitzero" optional:"true" limit:"username"`
	Tenant      string   `json:"tenant,omitzero" optional:"true"`
	UserID      event.ID `json:"userId,omitzero" optional:"true"`
	MustChange  bool     `json:"mustChange,omitzero" optional:"true"`
}

// PasswordAnswer tells the one-time password that was made, once.
type PasswordAnswer struct {
	OneTimePassword string `json:"oneTimePassword,omitempty"`
}

// password takes one of three: {oldPassword, newPassword} of who is signed in; the same with a name of who is not, as who has
// a one-time password can't be; {userId, newPassword?, mustChange?} of an admin for somebody else.
func (g *Gateway) password(c *call) (any, error) {
	var b passwordBody
	if err := strictjson.Bind(c.body, nil, &b); err != nil {
		return nil, err
	}
	byName := b.Email != "" || b.Username != ""
	order := PasswordOrder{Login: Login{Email: b.Email, Username: b.Username, Password: b.OldPassword, Tenant: b.Tenant,
		Host: c.r.Host, Address: addressOf(c.r)}, New: b.NewPassword, UserID: b.UserID, MustChange: b.MustChange}
	reset := !b.UserID.IsZero()
	switch {
	case reset && (byName || b.OldPassword != ""):
		return nil, fault.At(fault.InvalidField, "userId", "Give userId to reset somebody's password, or the old password to change your own; not both. Nothing was changed.")
	case !reset && b.MustChange:
		return nil, fault.At(fault.InvalidField, "mustChange", "mustChange goes with userId. Nothing was changed.")
	case !reset && b.OldPassword == "":
		return nil, fault.At(fault.InvalidField, "oldPassword", "oldPassword is missing. Nothing was changed.")
	case !reset && b.NewPassword == "":
		return nil, fault.At(fault.InvalidField, "newPassword", "newPassword is missing. Nothing was changed.")
	}
	if !byName {
		who, _, err := g.authenticate(c.r, c.route)
		if err != nil {
			return nil, err
		}
		if err := g.pace(who, event.ID{}, true); err != nil {
			return nil, err
		}
		c.who, noteOf(c.r).user = who, who.UserID
		if err := who.within(c.route, c.session); err != nil {
			return nil, err
		}
	}
	oneTime, err := g.o.Identity.Password(c.r.Context(), c.who, order)
	if err != nil {
		return nil, err
	}
	return PasswordAnswer{OneTimePassword: oneTime}, nil
}

// isFault gives the fault in an error's chain.
func isFault(err error) (*fault.Fault, bool) {
	var f *fault.Fault
	return f, errors.As(err, &f)
}
