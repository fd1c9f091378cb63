package identity

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// rememberedTokens bounds the tokens whose good signature is remembered: a school that comes all at once.
const rememberedTokens = 4096

// verified remembers whose the tokens are that were signed or verified here a short while ago, as the same one comes with a
// join, the socket after it and each request: verifying is most of what asking who somebody is costs. The keys of a ring do
// not change while it lives; tokens by keys from elsewhere are verified each time. What was revoked is not asked here, and time is: see get.
type verified struct {
	mu     sync.Mutex
	tokens *recent[[sha256.Size]byte, verifiedToken] // by their hash: the memory of a box holds no token
}

type verifiedToken struct {
	who         Principal
	from, until time.Time
}

func newVerified() *verified {
	return &verified{tokens: newRecent[[sha256.Size]byte, verifiedToken](rememberedTokens)}
}

func sumOf(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// get gives the principal of a token that is within its time to the letter; at its edges, the verification decides.
func (v *verified) get(token string, now time.Time) (Principal, bool) {
	sum := sumOf(token)
	v.mu.Lock()
	defer v.mu.Unlock()
	t, ok := v.tokens.get(sum)
	if !ok || now.Before(t.from) || !now.Before(t.until) {
		return Principal{}, false
	}
	return t.who, true
}

// put remembers a token with the claims that were signed or verified.
func (v *verified) put(token string, who Principal, c *claims) {
	if c.NotBefore == nil || c.IssuedAt == nil || c.ExpiresAt == nil {
		return
	}
	who.Roles = slices.Clone(who.Roles)
	t := verifiedToken{who: who, from: c.NotBefore.Time, until: c.ExpiresAt.Time}
	if c.IssuedAt.After(t.from) {
		t.from = c.IssuedAt.Time
	}
	sum := sumOf(token)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tokens.put(sum, t)
}
