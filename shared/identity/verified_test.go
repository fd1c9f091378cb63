package identity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

type seeds struct{}

func (seeds) LoadOrCreateSecret(name string, make func() []byte) ([]byte, error) { return make(), nil }

// A token that was signed or verified here is not verified again within its time; at the edges of it, it is.
func TestTokenIsVerifiedOnce(t *testing.T) {
	ring, err := loadKeys(seeds{}, "edge", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_795_420_800_000)
	fresh := func() *tokens { return newTokens(ring, func() time.Time { return now }) }
	signer, reader := fresh(), fresh()
	ada := directory.User{ID: event.NewID(), TenantID: event.NewID(), DisplayName: "Ada", Roles: []directory.Role{directory.Teacher, directory.Admin}}
	token, _, err := signer.sign(ada, event.NewID(), event.TimeOf(now))
	if err != nil {
		t.Fatal(err)
	}
	verifiedOnce, err := reader.read(token)
	if err != nil {
		t.Fatal(err)
	}
	begin, unknown := now, map[string]VerifyKey{}
	ring.believed = unknown // whatever is verified from here on is refused
	if _, err := fresh().read(token); err == nil {
		t.Fatal("a token of an unknown key is accepted")
	}
	for after, good := range map[time.Duration]bool{0: true, AccessLife - 1: true, -1: false, AccessLife: false, 24 * time.Hour: false} {
		now = begin.Add(after)
		for who, tokens := range map[string]*tokens{"signer": signer, "reader": reader} {
			p, err := tokens.read(token)
			if (err == nil) != good {
				t.Errorf("%s, %s after it was made: %v", who, after, err)
			}
			if good && fmt.Sprint(p) != fmt.Sprint(verifiedOnce) {
				t.Errorf("%s, %s after it was made: remembered %+v, verified %+v", who, after, p, verifiedOnce)
			}
		}
	}
	now = begin
	for _, changed := range []string{token + "=", token[:len(token)-1], strings.Replace(token, ".", "..", 1), " " + token} {
		if p, err := signer.read(changed); fault.Of(err).Code != fault.Unauthenticated {
			t.Errorf("a changed token: %+v, %v", p, err)
		}
	}
}

// What is remembered is bounded.
func TestVerifiedIsBounded(t *testing.T) {
	v, now := newVerified(), time.Now()
	v.tokens = newRecent[[32]byte, verifiedToken](2)
	c := &claims{}
	v.put("without times", Principal{}, c)
	if v.tokens.order.Len() != 0 {
		t.Error("a token without times is remembered")
	}
	for _, token := range []string{"a", "b", "c"} {
		v.tokens.put(sumOf(token), verifiedToken{from: now.Add(-time.Minute), until: now.Add(time.Minute)})
	}
	for token, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if _, ok := v.get(token, now); ok != want {
			t.Errorf("token %s is remembered: %v", token, ok)
		}
	}
}
