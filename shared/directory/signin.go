package directory

import (
	"strings"
	"unicode"

	"multistream/shared/event"
)

// RefreshToken is one link of a sign-in. The token itself is never stored, only its SHA-256. All links that came from
// the same sign-in share SignInID, so that one misuse can end all of them.
type RefreshToken struct {
	Hash      event.Hash
	TenantID  event.ID
	UserID    event.ID
	SignInID  event.ID
	IssuedAt  event.Time
	ExpiresAt event.Time
	UsedAt    event.Time // absent until it was exchanged for the next link
	RevokedAt event.Time // absent unless the sign-in was ended
	Parent    event.Hash // of the link it was exchanged for; absent for the first of a sign-in
}

// Fold gives the form in which e-mail addresses, user names and domains are compared and kept unique: surrounding space
// cut off, case folded as strings.EqualFold does, so that two texts are one account exactly if EqualFold says so.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			return unicode.ToLower(r)
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if least < unicode.MaxASCII {
			return unicode.ToLower(least)
		}
		return least
	}, strings.TrimSpace(s))
}

// EmailDomain gives the folded domain of an e-mail address, "" if there is none.
func EmailDomain(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	return Fold(email[at+1:])
}
