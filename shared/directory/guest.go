package directory

import "multistream/shared/event"

// GuestLink is one link of the sign-in of a guest, who belongs to one class and to nothing else; it is to them what
// RefreshToken is to people of the directory.
type GuestLink struct {
	Hash      event.Hash
	TenantID  event.ID
	SessionID event.ID
	GuestID   event.ID
	SignInID  event.ID
	IssuedAt  event.Time
	ExpiresAt event.Time
	UsedAt    event.Time // absent until it was exchanged for the next link
	RevokedAt event.Time // absent unless the sign-in was ended
}
