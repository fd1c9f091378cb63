package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"multistream/edge"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// onData are the flags of subcommands that read a data folder.
type onData struct {
	*flag.FlagSet
	dir, session *string
}

func newOnData(name string) onData {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	return onData{f, f.String("data", or(os.Getenv("DATA_DIR"), ".data"), ""), f.String("session", "", "")}
}

// flagsAlone reads the flags of a subcommand that takes nothing else.
func (o onData) flagsAlone(args []string, errs io.Writer) error {
	rest, err := parse(o.FlagSet, args, errs)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%s: %q is too much; nothing was done, `classctl help` shows what it takes", o.Name(), strings.Join(rest, " "))
	}
	return err
}

// look opens the data folder for f. Damage that is in the way, of the folder or of what f reads, is a finding. What f found is
// taken back if an edge was started on the folder meanwhile.
func (o onData) look(ctx context.Context, f func(*edge.Archive) error) error {
	a, err := edge.OpenArchive(ctx, *o.dir)
	if err != nil {
		return asFinding(fmt.Errorf("%s: %w", o.Name(), err))
	}
	err = asFinding(f(a))
	if disturbed := a.Disturbed(); disturbed != nil && err != nil {
		err = disturbed
	}
	return errors.Join(err, a.Close())
}

// lookAtClass opens the data folder for f, which is about the class of --session.
func (o onData) lookAtClass(ctx context.Context, f func(a *edge.Archive, tenant, id event.ID) error) error {
	return o.look(ctx, func(a *edge.Archive) error {
		tenant, id, err := o.class(ctx, a)
		if err != nil {
			return err
		}
		return f(a, tenant, id)
	})
}

// class finds the class of --session and its school.
func (o onData) class(ctx context.Context, a *edge.Archive) (tenant, id event.ID, err error) {
	if *o.session == "" {
		return tenant, id, fmt.Errorf("%s: --session ID is missing; `classctl sessions --data %s` lists what is there", o.Name(), *o.dir)
	}
	if id, err = event.ParseID(*o.session); err != nil {
		return tenant, id, fmt.Errorf("%s: --session: %w", o.Name(), err)
	}
	tenant, err = a.Find(ctx, id)
	return tenant, id, err
}

// asFinding makes damage a finding: it was looked at, and something is wrong.
func asFinding(err error) error {
	if errors.Is(err, eventlog.ErrDamaged) {
		return finding{err}
	}
	return err
}

// listSessions is `classctl sessions`.
func listSessions(ctx context.Context, args []string, out, errs io.Writer) error {
	o := newOnData("sessions")
	if err := o.flagsAlone(args, errs); err != nil {
		return err
	}
	return o.look(ctx, func(a *edge.Archive) error { return printSessions(ctx, a, out, errs) })
}

func printSessions(ctx context.Context, a *edge.Archive, out, errs io.Writer) error {
	all, err := a.Sessions(ctx)
	if err != nil {
		return err
	}
	damaged := 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLASS\tSTATUS\tSCHEDULED\tEVENTS\tHEAD\tSCHOOL")
	for _, s := range all {
		if s.Err != nil {
			damaged++
			fmt.Fprintf(w, "%s\t%s\t\t\t\t%s\n", s.ID, "?", s.TenantID)
			fmt.Fprintf(errs, "classctl: class %s: %v\n", s.ID, s.Err)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d.%d\t%s\n", s.ID, s.Status, s.ScheduledStart, s.Head.Sequence, s.Head.Epoch, s.Head.Sequence, s.TenantID)
	}
	if err := w.Flush(); err != nil || damaged == 0 {
		return err
	}
	return finding{fmt.Errorf("%d of %d classes can't be told whole; `classctl verify` tells more", damaged, len(all))}
}

// showState is `classctl state`.
func showState(ctx context.Context, args []string, out, errs io.Writer) error {
	o := newOnData("state")
	at := o.Int64("at", 0, "")
	as := o.String("as", "", "")
	full := o.Bool("full", false, "")
	if err := o.flagsAlone(args, errs); err != nil {
		return err
	}
	if *as != "" && *full {
		return errors.New("state: --as and --full exclude one another; nothing was done")
	}
	return o.lookAtClass(ctx, func(a *edge.Archive, tenant, id event.ID) error {
		s, err := a.State(ctx, tenant, id, *at)
		if err != nil {
			return err
		}
		if *as != "" {
			person, err := a.Person(ctx, tenant, *as)
			if err != nil {
				return err
			}
			s = session.View(s, person)
		}
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(s)
	})
}

// exportClass is `classctl export`.
func exportClass(ctx context.Context, args []string, out, errs io.Writer) error {
	o := newOnData("export")
	to := o.String("out", "", "")
	withKeys := o.Bool("with-keys", false, "")
	if err := o.flagsAlone(args, errs); err != nil {
		return err
	}
	if *to == "" {
		return errors.New("export: --out DIR is missing: a folder that is not there yet; nothing was written")
	}
	return o.lookAtClass(ctx, func(a *edge.Archive, tenant, id event.ID) error {
		x, err := a.Export(ctx, tenant, id, *to, *withKeys)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		fmt.Fprintf(out, "%s: %s\n", *to, bundleWords(&x.BundleReport))
		if x.LeftOut > 0 {
			fmt.Fprintf(errs, "classctl: %d signed heads and receipts of other edges and of the hub were left out: their public keys are not in this folder\n", x.LeftOut)
		}
		if *withKeys {
			fmt.Fprintf(errs, "classctl: %s/%s makes names, messages and answers readable for everybody who has this folder, also after those people are erased here; keep it as you keep the people's data itself\n",
				*to, event.PersonKeysFile)
		}
		return nil
	})
}
