package identity

import (
	"context"
	"net"
	"strings"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// tenantFor finds whose directory a sign-in is checked against: the tenant of the Host, else of the e-mail's domain,
// else the one that was named, else the only one there is. Returns fault.TenantRequired if that leaves a choice.
func (s *Service) tenantFor(ctx context.Context, r LoginRequest) (directory.Tenant, error) {
	named, isNamed, err := s.namedTenant(ctx, r.Tenant)
	if err != nil {
		return directory.Tenant{}, err
	}
	for _, domain := range []string{hostDomain(r.Host), directory.EmailDomain(r.Email)} {
		t, ok, err := s.tenantByDomain(ctx, domain)
		switch {
		case err != nil:
			return directory.Tenant{}, err
		case ok && isNamed && named.ID != t.ID:
			return directory.Tenant{}, fault.At(fault.InvalidField, "tenant",
				"The address or e-mail belongs to another school than the one that was named. Please leave the school out, or use its own address.")
		case ok:
			return t, nil
		}
	}
	if isNamed {
		return named, nil
	}
	var some []directory.Tenant
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		some, err = s.store.Tenants(ctx, 2)
		return err
	})
	if err != nil {
		return directory.Tenant{}, err
	}
	if len(some) != 1 {
		return directory.Tenant{}, fault.At(fault.TenantRequired, "tenant",
			"It is not clear which school this account belongs to. Please name the school, or use its own address.")
	}
	return some[0], nil
}

// namedTenant reads a tenant given as its id or as one of its domains.
func (s *Service) namedTenant(ctx context.Context, name string) (t directory.Tenant, ok bool, err error) {
	if name == "" {
		return directory.Tenant{}, false, nil
	}
	if id, idErr := event.ParseID(name); idErr == nil {
		err = s.ask(ctx, func(ctx context.Context) (err error) {
			t, ok, err = s.store.TenantByID(ctx, id)
			return err
		})
	} else {
		t, ok, err = s.tenantByDomain(ctx, directory.Fold(name))
	}
	if err == nil && !ok {
		err = fault.At(fault.InvalidField, "tenant", "There is no such school here. Please check its name.")
	}
	return t, ok, err
}

func (s *Service) tenantByDomain(ctx context.Context, domain string) (t directory.Tenant, ok bool, err error) {
	if domain == "" || len(domain) > maxDomain {
		return directory.Tenant{}, false, nil
	}
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		t, ok, err = s.store.TenantByDomain(ctx, domain)
		return err
	})
	return t, ok, err
}

const (
	maxDomain = 253
	hostsLife = 30 * time.Second
)

// hostDomain gives the domain of a Host header, "" for none, an IP address or a name without a dot.
func hostDomain(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(directory.Fold(host), ".")
	if net.ParseIP(strings.Trim(host, "[]")) != nil || !strings.Contains(host, ".") {
		return ""
	}
	return host
}

type hostEntry struct {
	tenant event.ID // absent: the host is nobody's
	at     time.Time
}

// AuthenticateAt verifies an access token as Authenticate does and refuses it, as fault.Unauthenticated, where the
// Host belongs to another tenant. Whose a host is, is remembered for 30 s, and for longer while the store is down.
func (s *Service) AuthenticateAt(ctx context.Context, token, host string) (Principal, error) {
	p, err := s.Authenticate(token)
	if err != nil {
		return Principal{}, err
	}
	owner, err := s.hostOwner(ctx, hostDomain(host))
	if err != nil {
		return Principal{}, err
	}
	if !owner.IsZero() && owner != p.TenantID {
		s.counters.tokensRefused.Add(1)
		return Principal{}, refused(errBadToken)
	}
	return p, nil
}

func (s *Service) hostOwner(ctx context.Context, domain string) (event.ID, error) {
	if domain == "" {
		return event.ID{}, nil
	}
	s.hostsMu.Lock()
	known, ok := s.hosts.get(domain)
	s.hostsMu.Unlock()
	if ok && s.clock.Now().Sub(known.at) < hostsLife {
		return known.tenant, nil
	}
	t, _, err := s.tenantByDomain(ctx, domain)
	if err != nil && ok {
		return known.tenant, nil // the store is down, which health has told; those inside go on
	}
	if err != nil {
		return event.ID{}, err
	}
	s.hostsMu.Lock()
	s.hosts.put(domain, hostEntry{tenant: t.ID, at: s.clock.Now()})
	s.hostsMu.Unlock()
	return t.ID, nil
}
