package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"multistream/shared/classscript"
	"multistream/shared/classscript/live"
	"multistream/shared/event"
)

// demoCourse is the course of the demo school, in which its teacher, assistant and students are.
const demoCourse = "de300000-0003-7000-8000-000000000001"

// runScript is `classctl run`.
func runScript(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	edge := flags.String("edge", "http://127.0.0.1:8080", "")
	password := flags.String("password", "demo-only", "")
	course := flags.String("course", demoCourse, "")
	realtime := flags.Bool("realtime", false, "")
	quiet := flags.Bool("quiet", false, "")
	var accounts list
	flags.Var(&accounts, "account", "")
	rest, err := parse(flags, args, errs)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("run: want one script, got %d; nothing was done, docs/demo-class.txtar is one to begin with", len(rest))
	}
	data, err := os.ReadFile(rest[0])
	if err != nil {
		return fmt.Errorf("run: the script can't be read: %w", err)
	}
	script, err := classscript.Parse(data)
	if err != nil {
		return fmt.Errorf("run: %s: %w", rest[0], err)
	}
	o := live.Options{Edge: *edge, Realtime: *realtime}
	if o.Course, err = event.ParseID(*course); err != nil {
		return fmt.Errorf("run: --course: %w", err)
	}
	if o.Account, err = accountsOf(script, *password, accounts); err != nil {
		return err
	}
	if !*quiet {
		fmt.Fprintf(out, "%s\n\n", script.Title)
		o.Step = func(s live.Step) { printStep(out, s) }
	}
	summary, err := live.Run(ctx, script, o)
	printSummary(out, &summary)
	switch {
	case err != nil && summary.Commands == 0:
		return fmt.Errorf("run: %w", err)
	case err != nil:
		return finding{fmt.Errorf("%s: the class went another way than the script says; what the edge confirmed is safe in its log: %w", rest[0], err)}
	case summary.Lost() > 0 || summary.Doubled() > 0:
		return finding{errors.New("events were lost or came twice")}
	}
	return nil
}

func printStep(out io.Writer, s live.Step) {
	line := ""
	if s.Line > 0 {
		line = fmt.Sprint(s.Line)
	}
	fmt.Fprintf(out, "%4s %8.1f ms  %-10s %-22s %s\n", line, ms(s.Took), s.Actor, s.What, s.Outcome)
}

func printSummary(out io.Writer, s *live.Summary) {
	if s.Commands == 0 {
		return
	}
	fmt.Fprintf(out, "\nclass %s\n%d commands (%d refused, %d repeated) made %d events in %.1f s; %d looks, %d views compared with fresh ones\n",
		s.SessionID, s.Commands, s.Refused, s.Repeated, s.Events, s.Took.Seconds(), s.Looks, s.Compared)
	if s.Waited > 0 {
		fmt.Fprintf(out, "asked to slow down %d times\n", s.Waited)
	}
	for _, f := range s.Followers {
		fmt.Fprintf(out, "  %-10s %4d frames, %4d events, %2d fresh views, up to %d; lost %d, doubled %d%s\n", f.Name, f.Frames, f.Events,
			f.Views, f.UpTo, f.Lost, f.Doubled, prefixed("; closed: ", f.Ended))
	}
	fmt.Fprintf(out, "lost %d, doubled %d\n", s.Lost(), s.Doubled())
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// accountsOf gives everybody of a script an account: the one named for them, else the next of the demo school in their role.
func accountsOf(script *classscript.Script, password string, named list) (func(classscript.Person) (live.Account, error), error) {
	given := map[string]live.Account{}
	for _, text := range named {
		name, account, ok := strings.Cut(text, "=")
		email, word, has := strings.Cut(account, ":")
		if !has {
			word = password
		}
		if _, known := script.Person(name); !ok || !known || email == "" {
			return nil, fmt.Errorf("run: --account %q: want NAME=EMAIL or NAME=EMAIL:PASSWORD with a name of the script", text)
		}
		given[name] = live.Account{Email: email, Password: word}
	}
	free := map[string][]string{"teacher": {"teacher"}, "assistant": {"assistant"}, "admin": {"admin"}}
	for i := 1; i <= 30; i++ {
		free["student"] = append(free["student"], fmt.Sprintf("student%02d", i))
	}
	return func(p classscript.Person) (live.Account, error) {
		if a, ok := given[p.Name]; ok {
			return a, nil
		}
		left := free[p.Role]
		if len(left) == 0 {
			return live.Account{}, fmt.Errorf("the demo school has no further account for %s (%s); nothing was done, name one with --account %s=EMAIL:PASSWORD",
				p.Name, or(p.Role, "nobody in this class"), p.Name)
		}
		free[p.Role] = left[1:]
		return live.Account{Email: left[0] + "@demo.school", Password: password}, nil
	}, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
