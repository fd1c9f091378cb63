package gateway

import (
	"strconv"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// Me is what somebody may know of themselves.
type Me struct {
	ID          event.ID         `json:"id"`
	TenantID    event.ID         `json:"tenantId"`
	Email       string           `json:"email,omitempty"`
	Username    string           `json:"username,omitempty"`
	DisplayName string           `json:"displayName"`
	Roles       []directory.Role `json:"roles"`
	Guest       bool             `json:"guest,omitempty"`     // of the class below, and of nothing else
	SessionID   *event.ID        `json:"sessionId,omitempty"` // guests only
}

// TokenPair answers a sign-in.
type TokenPair struct {
	AccessToken  string     `json:"accessToken"`
	RefreshToken string     `json:"refreshToken"`
	ExpiresAt    event.Time `json:"expiresAt"` // of the access token
	ExpiresIn    int        `json:"expiresIn"` // seconds from now
	User         Me         `json:"user"`
}

// positionText writes a position as clients keep it: "<epoch>.<sequence>".
func positionText(p event.Position) string {
	return strconv.FormatInt(p.Epoch, 10) + "." + strconv.FormatInt(p.Sequence, 10)
}

// parsePosition reads one; the empty text is the absent position, ok false.
func parsePosition(text string) (p event.Position, ok bool, err error) {
	if text == "" {
		return event.Position{}, false, nil
	}
	epoch, sequence, dotted := strings.Cut(text, ".")
	e, errE := strconv.ParseInt(epoch, 10, 53)
	s, errS := strconv.ParseInt(sequence, 10, 53)
	p = event.Position{Epoch: e, Sequence: s}
	if !dotted || errE != nil || errS != nil || e < 1 || s < 0 || positionText(p) != text {
		return event.Position{}, false, fault.At(fault.InvalidField, "after", "after must be a position like 1.42, as the last frame or answer gave it.")
	}
	return p, true, nil
}
