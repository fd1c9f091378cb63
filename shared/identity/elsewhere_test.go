package identity_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// TestBelievedElsewhere: a key of another issuer is believed for the people of the schools that it was named for, until its end, and no
// longer than it is named.
func TestBelievedElsewhere(t *testing.T) {
	s := open(t)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, 32))
	public, hub := key.Public().(ed25519.PublicKey), event.NewID()
	token := func(change func(jwt.MapClaims)) string {
		c := s.goodClaims()
		c["iss"] = hub.String()
		if change != nil {
			change(c)
		}
		return sign(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": identity.KeyID(public)}, c)
	}
	refused := func(what, token string, code fault.Code) {
		t.Helper()
		if p, err := s.Authenticate(token); fault.Of(err).Code != code || err == nil {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
	}
	good := token(nil)
	refused("before it is named", good, fault.Unauthenticated)
	end := event.TimeOf(s.clock.startTime().Add(time.Minute))
	s.Believe([]identity.BelievedFor{{TenantID: s.demo.Tenant.ID, Issuer: hub, Public: public, NotAfter: end}, {TenantID: event.NewID(), Issuer: hub, Public: public}})
	if p, err := s.Authenticate(good); err != nil || p.UserID != s.demo.Teacher.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	refused("another school", token(func(c jwt.MapClaims) { c["tid"] = event.NewID().String() }), fault.Unauthenticated)
	refused("another issuer", token(func(c jwt.MapClaims) { c["iss"] = edgeID.String() }), fault.Unauthenticated)
	refused("no school", token(func(c jwt.MapClaims) { delete(c, "tid") }), fault.Unauthenticated)
	s.clock.pass(2 * time.Minute)
	refused("after its end", good, fault.Unauthenticated)
	s.Believe([]identity.BelievedFor{{TenantID: s.demo.Tenant.ID, Issuer: hub, Public: public}})
	if _, err := s.Authenticate(good); err != nil {
		t.Error(err)
	}
	s.Believe(nil)
	refused("when it is named no more", good, fault.Unauthenticated)
}

// TestChangedElsewhere: what the hub changed reaches tokens and open connections.
func TestChangedElsewhere(t *testing.T) {
	var told []event.ID
	s := open(t, func(c *identity.Config) { c.OnRevoked = func(user event.ID) { told = append(told, user) } })
	teacher, student := s.login(t, "teacher@demo.school"), s.login(t, "student01@demo.school")
	p, err := s.Authenticate(student.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Second)
	s.ChangedElsewhere([]event.ID{teacher.User.ID}, map[event.ID][]event.ID{student.User.ID: {p.SignInID}, {}: {event.NewID()}})
	if _, err := s.Authenticate(teacher.AccessToken); fault.Of(err).Code != fault.TokenExpired {
		t.Errorf("roles changed: %v", err)
	}
	if _, err := s.Authenticate(student.AccessToken); fault.Of(err).Code != fault.Unauthenticated {
		t.Errorf("ended: %v", err)
	}
	if !slices.Contains(told, teacher.User.ID) || !slices.Contains(told, student.User.ID) || len(told) != 2 {
		t.Errorf("told %v", told)
	}
}
