package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
)

// Seed puts the demo school into the database and tells on out who can sign in; doing it again changes nothing. It refuses
// where there is another school.
func Seed(ctx context.Context, cfg Config, out io.Writer) error {
	h, err := Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.Close()
	demo, err := identity.SeedDemo(ctx, h.store, identity.DemoHasher())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: sign in as %s, %s, %s or %s … %s, password %q\n", demo.Tenant.Name, demo.Admin.Email, demo.Teacher.Email, demo.Assistant.Email,
		demo.Students[0].Email, demo.Students[len(demo.Students)-1].Email, identity.DemoPassword)
	return nil
}

// AddSchool makes a school with its first administrator, who signs in by an e-mail address of its domain and chooses a
// password with the one-time password that is told on out, once. It is for who runs the hub: they have its database.
func AddSchool(ctx context.Context, cfg Config, name, domain, email string, out io.Writer) error {
	name, domain, email = strings.TrimSpace(name), directory.Fold(domain), strings.TrimSpace(email)
	if name == "" || !strings.Contains(domain, ".") || directory.EmailDomain(email) == "" {
		return errors.New("want a name, a domain like my-school.org, and an e-mail address for the first administrator")
	}
	h, err := Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.Close()
	oneTime := identity.NewOneTime()
	hash, err := identity.DefaultArgon2().Hash(oneTime)
	if err != nil {
		return err
	}
	school := directory.Tenant{ID: event.NewID(), Name: name, Status: "active", Domains: []string{domain}}
	admin := directory.User{ID: event.NewID(), TenantID: school.ID, Email: email, DisplayName: email, Status: "active", PasswordHash: hash, MustChange: true,
		Roles: []directory.Role{directory.Admin}}
	if err := h.store.AddSchool(ctx, school, admin); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is there, school %s. Its first administrator is %s; their one-time password, shown once, is %s\n", name, school.ID, email, string(oneTime))
	return nil
}
