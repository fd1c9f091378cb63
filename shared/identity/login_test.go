package identity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

func TestLogin(t *testing.T) {
	s := open(t)
	pair := s.login(t, " Teacher@DEMO.school ")
	if pair.User.ID != s.demo.Teacher.ID || pair.User.TenantID != s.demo.Tenant.ID || pair.User.Username != "teacher" || pair.ExpiresIn != 900 {
		t.Errorf("got %+v", pair.User)
	}
	if got := pair.ExpiresAt.Std().Sub(s.clock.startTime()); got != identity.AccessLife {
		t.Errorf("good for %v, want %v", got, identity.AccessLife)
	}
	p, err := s.Authenticate(pair.AccessToken)
	if err != nil || p.UserID != s.demo.Teacher.ID || p.TenantID != s.demo.Tenant.ID || p.DisplayName != "Tara Teacher" ||
		len(p.Roles) != 1 || p.Roles[0] != directory.Teacher || p.SignInID.IsZero() {
		t.Errorf("got %+v, %v", p, err)
	}
	body, err := json.Marshal(pair)
	for _, name := range []string{`"accessToken":"ey`, `"refreshToken":"`, `"expiresAt":"2026-11-23T08:15:00.000Z"`, `"user":{"id":"`, `"displayName":"Tara Teacher"`} {
		if err != nil || !strings.Contains(string(body), name) {
			t.Errorf("answer %s lacks %s (%v)", body, name, err)
		}
	}
}

func TestBadLogins(t *testing.T) {
	s := open(t)
	disabled, none, broken := s.demo.Students[0], s.demo.Students[1], s.demo.Students[2]
	disabled.Status, disabled.PasswordHash = "disabled", "cheap:"+identity.DemoPassword
	broken.PasswordHash = "$argon2id$v=19$m=1"
	for _, u := range []directory.User{disabled, none, broken} {
		if err := s.store.UpsertUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	const good = identity.DemoPassword
	for name, c := range map[string]struct {
		request identity.LoginRequest
		code    fault.Code
		field   string
	}{
		"by user name":        {identity.LoginRequest{Username: "STUDENT30", Password: good}, "", ""},
		"wrong password":      {identity.LoginRequest{Email: "teacher@demo.school", Password: "demo-onlY"}, fault.BadCredentials, ""},
		"space in password":   {identity.LoginRequest{Email: "teacher@demo.school", Password: good + " "}, fault.BadCredentials, ""},
		"unknown":             {identity.LoginRequest{Email: "nobody@demo.school", Password: good}, fault.BadCredentials, ""},
		"unknown user name":   {identity.LoginRequest{Username: "nobody", Password: good}, fault.BadCredentials, ""},
		"decoy's password":    {identity.LoginRequest{Email: "nobody@demo.school", Password: "nobody's password"}, fault.BadCredentials, ""},
		"disabled":            {identity.LoginRequest{Email: disabled.Email, Password: good}, fault.BadCredentials, ""},
		"without password":    {identity.LoginRequest{Email: none.Email, Password: good}, fault.BadCredentials, ""},
		"decoy for no hash":   {identity.LoginRequest{Email: none.Email, Password: "nobody's password"}, fault.BadCredentials, ""},
		"damaged hash":        {identity.LoginRequest{Email: broken.Email, Password: good}, fault.Internal, ""},
		"empty":               {identity.LoginRequest{}, fault.InvalidField, "email"},
		"both names":          {identity.LoginRequest{Email: "a@b.c", Username: "a", Password: good}, fault.InvalidField, "email"},
		"no password":         {identity.LoginRequest{Email: "teacher@demo.school"}, fault.InvalidField, "password"},
		"long password":       {identity.LoginRequest{Email: "teacher@demo.school", Password: identity.Secret(strings.Repeat("x", 257))}, fault.InvalidField, "password"},
		"long e-mail":         {identity.LoginRequest{Email: strings.Repeat("x", 255), Password: good}, fault.InvalidField, "email"},
		"broken UTF-8":        {identity.LoginRequest{Username: "a\xff", Password: good}, fault.InvalidField, "username"},
		"no such school":      {identity.LoginRequest{Username: "teacher", Password: good, Tenant: "other.school"}, fault.InvalidField, "tenant"},
		"no such school id":   {identity.LoginRequest{Username: "teacher", Password: good, Tenant: edgeID.String()}, fault.InvalidField, "tenant"},
		"injection as e-mail": {identity.LoginRequest{Email: "' OR 1=1 --@demo.school", Password: good}, fault.BadCredentials, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := s.Login(t.Context(), c.request)
			wantCode(t, err, c.code)
			if c.code != "" && (pair.AccessToken != "" || pair.RefreshToken != "" || fault.Of(err).Field != c.field) {
				t.Errorf("got %v, field %q", pair, fault.Of(err).Field)
			}
			if c.code == fault.BadCredentials && fault.Of(err).Message != "The name or the password is not right. Please try again." {
				t.Errorf("the answer tells accounts apart: %v", err)
			}
		})
	}
}

// TestSameWorkForUnknown shows that a sign-in costs one verification whether or not there is such an account.
func TestSameWorkForUnknown(t *testing.T) {
	c := counting()
	s := open(t, func(cfg *identity.Config) { cfg.Hasher = c })
	none := s.demo.Students[0] // without a password
	if err := s.store.UpsertUser(t.Context(), none); err != nil {
		t.Fatal(err)
	}
	for n, email := range []string{"teacher@demo.school", "nobody@demo.school", none.Email} {
		_, _ = s.Login(t.Context(), identity.LoginRequest{Email: email, Password: "wrong"})
		if got := c.verified.Load(); got != int64(n+1) {
			t.Errorf("after %s: %d verifications, want %d", email, got, n+1)
		}
	}
}

func TestTenantOfALogin(t *testing.T) {
	one, two := tenantNamed("one", "one.school"), tenantNamed("two", "two.school", "two.example")
	type row struct {
		request identity.LoginRequest
		tenant  event.ID
		code    fault.Code
	}
	for name, c := range map[string]row{
		"host":                      {identity.LoginRequest{Username: "kim", Host: "One.School:8080"}, one.ID, ""},
		"host with a final dot":     {identity.LoginRequest{Username: "kim", Host: "two.example."}, two.ID, ""},
		"host before e-mail":        {identity.LoginRequest{Email: "kim@two.school", Host: "one.school"}, event.ID{}, fault.BadCredentials},
		"e-mail":                    {identity.LoginRequest{Email: "kim@two.school", Host: "127.0.0.1:8080"}, two.ID, ""},
		"e-mail beside other host":  {identity.LoginRequest{Email: "kim@two.school", Host: "edge.local"}, two.ID, ""},
		"named by id":               {identity.LoginRequest{Username: "kim", Tenant: one.ID.String()}, one.ID, ""},
		"named by domain":           {identity.LoginRequest{Username: "kim", Tenant: "TWO.example"}, two.ID, ""},
		"named for a foreign mail":  {identity.LoginRequest{Email: "kim@mail.example", Tenant: two.ID.String()}, event.ID{}, fault.BadCredentials},
		"named as the host":         {identity.LoginRequest{Username: "kim", Host: "one.school", Tenant: "one.school"}, one.ID, ""},
		"named against the host":    {identity.LoginRequest{Username: "kim", Host: "one.school", Tenant: "two.school"}, event.ID{}, fault.InvalidField},
		"named against the e-mail":  {identity.LoginRequest{Email: "kim@one.school", Tenant: "two.school"}, event.ID{}, fault.InvalidField},
		"user name alone":           {identity.LoginRequest{Username: "kim"}, event.ID{}, fault.TenantRequired},
		"unknown domain":            {identity.LoginRequest{Email: "kim@mail.example"}, event.ID{}, fault.TenantRequired},
		"unknown host":              {identity.LoginRequest{Username: "kim", Host: "three.school"}, event.ID{}, fault.TenantRequired},
		"parent of a domain":        {identity.LoginRequest{Username: "kim", Host: "school"}, event.ID{}, fault.TenantRequired},
		"child of a domain":         {identity.LoginRequest{Username: "kim", Host: "a.one.school"}, event.ID{}, fault.TenantRequired},
		"host that is an address":   {identity.LoginRequest{Username: "kim", Host: "[::1]:8080"}, event.ID{}, fault.TenantRequired},
		"suspended, right password": {identity.LoginRequest{Username: "kim", Tenant: "closed.school"}, event.ID{}, fault.Forbidden},
		"suspended, wrong password": {identity.LoginRequest{Username: "kim", Tenant: "closed.school", Password: "x"}, event.ID{}, fault.BadCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.store.tenants, s.store.users = nil, nil
			closed := tenantNamed("closed", "closed.school")
			closed.Status = "suspended"
			for _, tenant := range []directory.Tenant{one, two, closed} {
				s.addTenant(t, tenant, "kim")
			}
			if c.request.Password == "" {
				c.request.Password = identity.DemoPassword
			}
			pair, err := s.Login(t.Context(), c.request)
			wantCode(t, err, c.code)
			if pair.User.TenantID != c.tenant {
				t.Errorf("signed in at %v, want %v", pair.User.TenantID, c.tenant)
			}
		})
	}
}

func tenantNamed(name string, domains ...string) directory.Tenant {
	return directory.Tenant{ID: event.NewID(), Name: name, Status: "active", Domains: domains}
}

// addTenant adds a tenant with one person who is called the same everywhere.
func (s *school) addTenant(t *testing.T, tenant directory.Tenant, name string) directory.User {
	t.Helper()
	u := directory.User{
		ID: event.NewID(), TenantID: tenant.ID, Email: name + "@" + tenant.Domains[0], Username: name,
		Status: "active", PasswordHash: "cheap:" + identity.DemoPassword,
	}
	if err := s.store.UpsertTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if err := s.store.UpsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestSecretsAreNotShown prints and logs everything that holds a secret, in the ways that people do.
func TestSecretsAreNotShown(t *testing.T) {
	s := open(t)
	pair := s.login(t, "teacher@demo.school")
	request := identity.LoginRequest{Email: "teacher@demo.school", Password: "hunter2-hunter2"}
	_, err := s.Login(t.Context(), request)
	_, tokenErr := s.Authenticate(pair.AccessToken + "x")
	_, refreshErr := s.Refresh(t.Context(), pair.RefreshToken+"x")
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "request", request.Password, "pair", pair, "errors", fmt.Sprint(err, tokenErr, refreshErr))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "request", request, "pair", pair)
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %v %s", request, request, request, request, request, request, pair, pair)
	out.WriteString(s.log.String())
	for _, secret := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), pair.RefreshToken, strings.Split(pair.AccessToken, ".")[2][:20]} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is shown in %s", secret, out.String())
		}
	}
}

func TestAbandonedLogin(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Login(ctx, identity.LoginRequest{Email: "teacher@demo.school", Password: identity.DemoPassword})
	wantCode(t, err, fault.TimedOut)
	if !s.State().Up {
		t.Error("a caller who went away took the store down")
	}
}
