package identity_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/fault"
	"multistream/shared/identity"
)

// FuzzToken: whatever comes is refused with one of two codes, never panics, never shows up in the error, and only the
// token that was signed is accepted.
func FuzzToken(f *testing.F) {
	s := open(f)
	good := sign(f, jwt.SigningMethodEdDSA, s.key(f), map[string]any{"kid": s.PublicKey().ID}, s.goodClaims())
	b64 := base64.RawURLEncoding.EncodeToString
	kid := s.PublicKey().ID
	for _, seed := range []string{
		good, good[:len(good)-1], "", ".", "..", "...", good + ".", "Bearer " + good,
		b64([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + b64([]byte(`{}`)) + ".",
		b64([]byte(`{"alg":"EdDSA","kid":"`+kid+`"}`)) + "." + b64([]byte(`{"iss":"`+edgeID.String()+`","exp":1e400}`)) + ".AA",
		b64([]byte(`{"alg":"EdDSA","kid":"`+kid+`"}`)) + "." + b64([]byte(`{"exp":-1e18,"nbf":"x","aud":[1]}`)) + ".AA",
		b64([]byte(`null`)) + "." + b64([]byte(`null`)) + ".", b64([]byte(`[]`)) + "." + b64([]byte(`[]`)) + ".AA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := s.Authenticate(token)
		switch {
		case token == good:
			wantCode(t, err, "")
		case err == nil:
			t.Errorf("%q is accepted as %+v", token, p)
		default:
			wantCode(t, err, fault.Unauthenticated)
			if len(token) > 20 && strings.Contains(err.Error(), token) || !p.UserID.IsZero() {
				t.Errorf("got %+v, %v", p, err)
			}
		}
	})
}

// FuzzRefresh: nothing but the tokens that were given out is exchanged.
func FuzzRefresh(f *testing.F) {
	s := open(f)
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, 48)))
	f.Fuzz(func(t *testing.T, token string) {
		_, err := s.Refresh(t.Context(), token)
		wantCode(t, err, fault.Unauthenticated)
		wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{RefreshToken: token}), "")
	})
}
