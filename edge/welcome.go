package edge

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"multistream/edge/certificate"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// secure makes the certificate source of a box; nil where it is reached over plain HTTP.
func (b *Box) secure() (*certificate.Source, error) {
	log := b.log.With("part", "certificate")
	switch {
	case b.cfg.TLSCert != "":
		s, err := certificate.Files(b.cfg.TLSCert, b.cfg.TLSKey, time.Now, log)
		if err != nil {
			return nil, fmt.Errorf("EDGE_TLS_CERT, EDGE_TLS_KEY: %w", err)
		}
		return s, nil
	case b.cfg.TLS != "":
		s, err := certificate.Own(filepath.Join(b.cfg.DataDir, "certificate"), b.cfg.names(), time.Now, log)
		if err != nil {
			return nil, fmt.Errorf("EDGE_TLS: %w", err)
		}
		return s, nil
	}
	return nil, nil
}

// refuseDemo keeps accounts with a known password from where others can reach them.
func (b *Box) refuseDemo(ctx context.Context) error {
	if !b.cfg.open() {
		return nil
	}
	_, found, err := b.Store.TenantByID(ctx, identity.DemoSchool().Tenant.ID)
	if err == nil && found {
		err = fault.New(fault.WrongState, "EDGE_ADDR %s can be reached by others, and %s holds the demo school, whose password everybody knows. Nothing was started; use a data folder of its own for a real school, or listen on 127.0.0.1.",
			b.cfg.Addr, b.cfg.DataDir)
	}
	return err
}

// welcome tells where the box is reached and, until it belongs to a school, how to claim it.
func (b *Box) welcome(ctx context.Context, out io.Writer, addresses []string) {
	for _, a := range addresses {
		fmt.Fprintf(out, "edge %s is ready on %s (data in %s)\n", b.cfg.Version, a, b.cfg.DataDir)
	}
	if b.People.Claimed(ctx) {
		return
	}
	fmt.Fprintf(out, `
This box belongs to no school yet, and does nothing until it does. Its claim code, until the next start, is

    %s

To claim it: classctl claim --edge %s --code %s --school "My School" --email me@my-school.org
`, b.People.ClaimCode(), addresses[0], b.People.ClaimCode())
	if b.Authority != nil {
		fmt.Fprintf(out, "Its certificate is from an authority of its own: %s/api/box/authority.crt, to be trusted once on each device.\n", addresses[0])
	}
}
