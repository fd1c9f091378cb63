package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

const usage = `classctl checks, reads and exports the classes of an edge, and runs a class against one.

  classctl sessions [--data DIR]
        list the classes of a data folder
  classctl verify [--data DIR] [--session ID]
        check every event of all classes, or of one: hashes, chain, order, ids and keys, heads and their signatures
  classctl verify BUNDLE
        check an exported class, a folder or a .tar.gz of one
  classctl state --session ID [--at SEQUENCE] [--as PERSON | --full] [--data DIR]
        print what the class was at a sequence, in full or as a person (id, email or username) saw it, as JSON
  classctl export --session ID --out DIR [--with-keys] [--data DIR]
        write a class as a bundle with its proof (docs/events.md), and check what was written
  classctl run SCRIPT.txtar [--edge URL] [--password WORD] [--account NAME=EMAIL[:PASSWORD]]... [--realtime] [--quiet]
        run a scripted class against a running edge over its public API. Without --account its people are those of the demo
        school (teacher@, assistant@, admin@, student01@ to student30@demo.school), the class one of its course (--course ID);
        guests join by the code that the script gives its class.
        Times of the script are not waited for without --realtime; the ten seconds of an end are real
  classctl claim --code CODE --school NAME (--email ADDRESS | --username NAME) [--name NAME] [--domain DOMAIN] [--edge URL] [--ca FILE]
        make a new box a school's; the code is on its console, the first admin's password is read from standard input
  classctl drill [--data DIR]
        list the features of the edge that runs on a data folder, and which of them do not work
  classctl drill FEATURE refuse|hang|crash [--for 1m] [--data DIR]
        put a feature of all running classes out of order for some time, to see that classes go on without it
  classctl drill FEATURE end [--data DIR]
        end a drill now
  classctl version

DIR is $DATA_DIR, or .data. A data folder is only read: an edge may go on running on it meanwhile.
Exit codes: 0 all is well, 1 something was found wrong, 2 it could not be looked at (usage, unreadable, unreachable, no such
class), also if something was found wrong besides.
`

// finding is an error that says what is wrong with what was looked at: exit code 1.
type finding struct{ error }

func (f finding) Unwrap() error { return f.error }

// codeOf tells an error and gives its exit code.
func codeOf(err error, errs io.Writer) int {
	var found finding
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return good
	case errors.As(err, &found):
		fmt.Fprintln(errs, "classctl:", found)
		return bad
	}
	fmt.Fprintln(errs, "classctl:", err)
	return wrong
}

// parse reads flags wherever they stand among the arguments, and gives the other arguments.
func parse(flags *flag.FlagSet, args []string, errs io.Writer) ([]string, error) {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	var rest []string
	for {
		err := flags.Parse(args)
		switch {
		case err == flag.ErrHelp:
			fmt.Fprint(errs, usage)
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%s: %w; nothing was done, `classctl help` shows what it takes", flags.Name(), err)
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }
