package accounts

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
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
func (a *API) password(c *rest.Call) (any, error) {
	var b passwordBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	byName := b.Email != "" || b.Username != ""
	order := PasswordOrder{Login: Login{Email: b.Email, Username: b.Username, Password: b.OldPassword, Tenant: b.Tenant,
		Host: c.R.Host, Address: rest.AddressOf(c.R)}, New: b.NewPassword, UserID: b.UserID, MustChange: b.MustChange}
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
		who, err := c.SignedIn()
		if err != nil {
			return nil, err
		}
		c.Who, rest.NoteOf(c.R).User = who, who.UserID
		if err := who.Within(c.Route, c.Session); err != nil {
			return nil, err
		}
	}
	oneTime, err := a.o.Identity.Password(c.R.Context(), c.Who, order)
	if err != nil {
		return nil, err
	}
	return PasswordAnswer{OneTimePassword: oneTime}, nil
}
