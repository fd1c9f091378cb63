package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"multistream/edge"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// verify is `classctl verify`, of a data folder or of bundles.
func verify(ctx context.Context, args []string, out, errs io.Writer) error {
	o := newOnData("verify")
	bundles, err := parse(o.FlagSet, args, errs)
	if err != nil {
		return err
	}
	if len(bundles) == 0 {
		return o.look(ctx, func(a *edge.Archive) error { return verifyData(ctx, o, a, out) })
	}
	if *o.session != "" {
		return errors.New("verify: a bundle is one class; --session is for data folders. Nothing was checked")
	}
	wrongs := 0
	var unreadable []error
	for _, name := range bundles {
		report, err := verifyBundle(name, out)
		if err == nil && report.Unreadable {
			err = errors.New("it has not the form of a bundle, so not all of it was checked")
		}
		if err != nil {
			unreadable = append(unreadable, fmt.Errorf("verify: %s can't be read: %w", name, err))
		}
		wrongs += len(report.Failures)
	}
	switch {
	case len(unreadable) > 0: // also if something is wrong besides
		return errors.Join(unreadable...)
	case wrongs > 0:
		return finding{fmt.Errorf("%d failures; what they name is not what was exported", wrongs)}
	}
	return nil
}

// verifyData checks all classes of a folder, or one.
func verifyData(ctx context.Context, o onData, a *edge.Archive, out io.Writer) error {
	all, err := a.Sessions(ctx)
	if err != nil {
		return err
	}
	if *o.session != "" {
		tenant, id, err := o.class(ctx, a)
		if err != nil {
			return err
		}
		all = []edge.Listed{{}}
		all[0].TenantID, all[0].ID = tenant, id
	}
	if a.InUse() {
		fmt.Fprintln(out, "an edge is running on this folder; what it adds meanwhile may be missing below")
	}
	events, wrongs := int64(0), 0
	for _, s := range all {
		v, err := a.Verify(ctx, s.TenantID, s.ID)
		if errors.Is(err, eventlog.ErrNotFound) && *o.session == "" {
			continue // it left since it was listed
		}
		if err != nil {
			return fmt.Errorf("verify: class %s can't be read: %w", s.ID, err)
		}
		printVerdict(out, &v)
		events += v.Events
		if len(v.Problems) > 0 {
			wrongs++
		}
	}
	if wrongs > 0 {
		return finding{fmt.Errorf("%d of %d classes are not as they were written; an edge serves none of their damaged rows. Take them from the hub or from a backup", wrongs, len(all))}
	}
	fmt.Fprintf(out, "ok: %d classes, %d events\n", len(all), events)
	return nil
}

func printVerdict(out io.Writer, v *edge.Verdict) {
	result := "ok "
	if len(v.Problems) > 0 {
		result = "BAD"
	}
	fmt.Fprintf(out, "%s  %s  %-9s  %5d events, head %d.%d, %d signed heads up to %d", result, v.SessionID, or(v.Status, "?"), v.Events,
		v.Head.Epoch, v.Head.Sequence, v.Heads, v.HeadsTo)
	if v.Foreign > 0 {
		fmt.Fprintf(out, ", %d heads and receipts of others not checked", v.Foreign)
	}
	fmt.Fprintln(out)
	for _, problem := range v.Problems {
		for line := range strings.SplitSeq(problem, "\n") {
			fmt.Fprintf(out, "     %s\n", line)
		}
	}
}

// verifyBundle checks a folder, or a .tar.gz of one, and tells what it found.
func verifyBundle(name string, out io.Writer) (report event.BundleReport, err error) {
	dir := name
	if strings.HasSuffix(name, ".tar.gz") {
		if dir, err = os.MkdirTemp("", "classctl-bundle-"); err != nil {
			return report, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := unpack(name, dir); err != nil {
			return report, err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, event.ManifestFile)); err != nil {
		return report, fmt.Errorf("it is no bundle of a class: %w", err)
	}
	if report, err = event.CheckBundle(os.DirFS(dir)); err != nil {
		return report, err
	}
	for _, failure := range report.Failures {
		for line := range strings.SplitSeq(failure, "\n") {
			fmt.Fprintf(out, "BAD  %s: %s\n", name, line)
		}
	}
	if len(report.Failures) == 0 {
		fmt.Fprintf(out, "ok   %s: %s\n", name, bundleWords(&report))
	}
	return report, nil
}

func bundleWords(r *event.BundleReport) string {
	return fmt.Sprintf("class %s, %d events up to %d.%d, signed heads up to %d, receipts of the hub up to %d; sealed fields: %d opened, %d erased, %d without a key",
		r.Manifest.SessionID, r.Manifest.Count, r.Manifest.Head.Epoch, r.Manifest.Head.Sequence, r.HeadsTo, r.ReceiptsTo, r.Opened, r.Erased, r.Unknown)
}

// Bounds of what is unpacked.
const (
	unpackedFile  = 4 << 30
	unpackedFiles = 16
)

// unpack unpacks plain files at the top of a .tar.gz; anything else in it is an error.
func unpack(name, dir string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	archive := tar.NewReader(unzipped)
	for n := 0; ; n++ {
		h, err := archive.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case n == unpackedFiles || h.Typeflag != tar.TypeReg || h.Size > unpackedFile || filepath.Base(h.Name) != h.Name || !filepath.IsLocal(h.Name):
			return fmt.Errorf("%q has no place in a bundle: want a few plain files at the top", h.Name)
		}
		if err := unpackFile(filepath.Join(dir, h.Name), archive, h.Size); err != nil {
			return err
		}
	}
}

func unpackFile(name string, from io.Reader, size int64) error {
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, from, size)
	return errors.Join(err, out.Close())
}
