package identity_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// key gives the edge's own signing key, as a thief of keys.db would have it.
func (s *school) key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	seed := s.keys["identity/token-key/1"]
	if len(seed) != ed25519.SeedSize {
		t.Fatalf("keys: %v", s.keys)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// goodClaims are those of a token that is accepted at the clock's start.
func (s *school) goodClaims() jwt.MapClaims {
	now := s.clock.startTime().Unix()
	return jwt.MapClaims{
		"iss": edgeID.String(), "aud": []string{"multistream"}, "sub": s.demo.Teacher.ID.String(), "tid": s.demo.Tenant.ID.String(),
		"sid": event.NewID().String(), "roles": []string{"teacher"}, "name": "T", "exp": now + 900, "nbf": now, "iat": now,
	}
}

func sign(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, c jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestForgedTokens(t *testing.T) {
	s := open(t)
	key, own := s.key(t), s.PublicKey()
	kid := map[string]any{"kid": own.ID}
	good := sign(t, jwt.SigningMethodEdDSA, key, kid, s.goodClaims())
	if _, err := s.Authenticate(good); err != nil {
		t.Fatalf("the table's base is refused: %v", err)
	}
	parts := strings.Split(good, ".")
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.startTime().Unix()
	with := func(change map[string]any) string {
		c := s.goodClaims()
		for name, v := range change {
			if c[name] = v; v == nil {
				delete(c, name)
			}
		}
		return sign(t, jwt.SigningMethodEdDSA, key, kid, c)
	}
	header := func(h map[string]any) string { // re-headed, with the good signature
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b) + "." + parts[1] + "." + parts[2]
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// The last character carries two bits of the signature and four that nobody needs.
	sloppy := good[:len(good)-1] + string(alphabet[strings.IndexByte(alphabet, good[len(good)-1])|1])
	const no, late = fault.Unauthenticated, fault.TokenExpired
	for name, c := range map[string]struct {
		token string
		code  fault.Code
	}{
		"none":                    {"", no},
		"not a token":             {"Bearer", no},
		"dots":                    {"..", no},
		"4 parts":                 {good + ".x", no},
		"alg none":                {sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, s.goodClaims()), no},
		"alg None, no signature":  {header(map[string]any{"alg": "None", "kid": own.ID})[:len(header(map[string]any{"alg": "None", "kid": own.ID}))-len(parts[2])], no},
		"HS256 by the public key": {sign(t, jwt.SigningMethodHS256, []byte(own.Public), kid, s.goodClaims()), no},
		"alg missing":             {header(map[string]any{"kid": own.ID}), no},
		"alg a number":            {header(map[string]any{"alg": 1, "kid": own.ID}), no},
		"alg ES256":               {header(map[string]any{"alg": "ES256", "kid": own.ID}), no},
		"stranger's key":          {sign(t, jwt.SigningMethodEdDSA, stranger, kid, s.goodClaims()), no},
		"stranger's key and kid": {sign(t, jwt.SigningMethodEdDSA, stranger,
			map[string]any{"kid": identity.KeyID(stranger.Public().(ed25519.PublicKey))}, s.goodClaims()), no},
		"stranger's key in the header": {sign(t, jwt.SigningMethodEdDSA, stranger,
			map[string]any{"kid": own.ID, "jwk": map[string]any{"kty": "OKP"}}, s.goodClaims()), no},
		"no kid":                {sign(t, jwt.SigningMethodEdDSA, key, nil, s.goodClaims()), no},
		"empty kid":             {sign(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": ""}, s.goodClaims()), no},
		"kid a path":            {sign(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": "../../etc/passwd"}, s.goodClaims()), no},
		"kid a list":            {sign(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": []string{own.ID}}, s.goodClaims()), no},
		"critical extension":    {sign(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": own.ID, "crit": []string{"b64"}}, s.goodClaims()), no},
		"truncated signature":   {good[:len(good)-2], no},
		"no signature":          {parts[0] + "." + parts[1] + ".", no},
		"padded signature":      {good + "=", no},
		"sloppy last bits":      {sloppy, no},
		"other payload":         {parts[0] + "." + strings.Split(with(map[string]any{"roles": []string{"admin"}}), ".")[1] + "." + parts[2], no},
		"other issuer":          {with(map[string]any{"iss": event.NewID().String()}), no},
		"no issuer":             {with(map[string]any{"iss": nil}), no},
		"other audience":        {with(map[string]any{"aud": "elsewhere"}), no},
		"no audience":           {with(map[string]any{"aud": nil}), no},
		"other audience, late":  {with(map[string]any{"aud": "elsewhere", "exp": now - 3600}), no},
		"no end":                {with(map[string]any{"exp": nil}), no},
		"no beginning":          {with(map[string]any{"nbf": nil}), no},
		"end a text":            {with(map[string]any{"exp": "tomorrow"}), no},
		"end beyond numbers":    {with(map[string]any{"exp": 1e300}), late}, // not for ever
		"no subject":            {with(map[string]any{"sub": nil}), no},
		"subject no id":         {with(map[string]any{"sub": "teacher"}), no},
		"no tenant":             {with(map[string]any{"tid": nil}), no},
		"empty tenant":          {with(map[string]any{"tid": ""}), no},
		"zero tenant":           {with(map[string]any{"tid": "00000000-0000-0000-0000-000000000000"}), no},
		"no sign-in":            {with(map[string]any{"sid": nil}), no},
		"unknown role":          {with(map[string]any{"roles": []string{"root"}}), no},
		"roles a text":          {with(map[string]any{"roles": "admin"}), no},
		"too long":              {with(map[string]any{"name": strings.Repeat("x", 4096)}), no},
		"expired":               {with(map[string]any{"exp": now - 61}), late},
		"expired within leeway": {with(map[string]any{"exp": now - 59}), ""},
		"not yet":               {with(map[string]any{"nbf": now + 61}), late},
		"not yet within leeway": {with(map[string]any{"nbf": now + 59, "iat": now + 59}), ""},
		"issued in the future":  {with(map[string]any{"iat": now + 86_400}), late},
		"forged and expired":    {sign(t, jwt.SigningMethodEdDSA, stranger, kid, jwt.MapClaims{"iss": edgeID.String(), "exp": now - 3600}), no},
		"expired without ids":   {with(map[string]any{"exp": now - 3600, "tid": nil}), no},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := s.Authenticate(c.token)
			wantCode(t, err, c.code)
			if err != nil && !p.UserID.IsZero() {
				t.Errorf("a refused token gave %+v", p)
			}
		})
	}
}

func TestKeyRotation(t *testing.T) {
	generation := func(n int, more ...identity.VerifyKey) func(*identity.Config) {
		return func(c *identity.Config) { c.KeyGeneration, c.Believed = n, more }
	}
	s := open(t)
	first, firstKey := s.login(t, "teacher@demo.school").AccessToken, s.PublicKey()
	s.restart(t, generation(2))
	second := s.login(t, "teacher@demo.school").AccessToken
	if s.PublicKey().ID == firstKey.ID {
		t.Error("the key did not change")
	}
	for name, token := range map[string]string{"first": first, "second": second} {
		if _, err := s.Authenticate(token); err != nil {
			t.Errorf("%s in generation 2: %v", name, err)
		}
	}
	s.restart(t, generation(3))
	_, err := s.Authenticate(first)
	wantCode(t, err, fault.Unauthenticated)
	_, err = s.Authenticate(second)
	wantCode(t, err, "")
	s.restart(t, generation(3, firstKey))
	_, err = s.Authenticate(first)
	wantCode(t, err, "")

	// A key is believed for its own issuer only: the hub's can't speak for this edge.
	other := firstKey
	other.Issuer = "hub"
	s.restart(t, generation(3, other))
	_, err = s.Authenticate(first)
	wantCode(t, err, fault.Unauthenticated)
}

func TestForeignTenantAtAHost(t *testing.T) {
	s := open(t)
	other := tenantNamed("other", "other.school")
	s.addTenant(t, other, "kim")
	token := s.login(t, "teacher@demo.school").AccessToken
	for host, code := range map[string]fault.Code{
		"demo.school": "", "DEMO.school:443": "", "127.0.0.1:8080": "", "localhost": "", "": "", "unknown.example": "",
		"other.school": fault.Unauthenticated, "Other.School.:8080": fault.Unauthenticated,
	} {
		_, err := s.AuthenticateAt(t.Context(), token, host)
		wantCode(t, err, code)
	}
	asked := s.store.asked.Load()
	s.store.broken.Store(true)
	s.clock.pass(10 * time.Minute)
	_, err := s.AuthenticateAt(t.Context(), token, "demo.school")
	wantCode(t, err, "")
	_, err = s.AuthenticateAt(t.Context(), token, "other.school")
	wantCode(t, err, fault.Unauthenticated)
	if s.store.asked.Load() == asked {
		t.Error("a host is remembered for ever")
	}
	_, err = s.AuthenticateAt(t.Context(), token, "never.seen")
	wantCode(t, err, fault.IdentityDown)
}
