package systrace

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Parse reads a record and gives the operations on files directly inside folder and on the marker file, in the order in
// which they began. Folders inside of it are not part of it. Returns an error, naming the line, for anything in the folder
// that the operations can't express, a file made in such a folder included.
func Parse(r io.Reader, folder, marker string) ([]Op, error) {
	p := &parser{folder: filepath.Clean(folder), marker: filepath.Clean(marker), open: map[string]unfinished{}, at: map[string]int64{}}
	in := bufio.NewReaderSize(r, 1<<20)
	for number := 1; ; number++ {
		text, err := in.ReadString('\n')
		if text = strings.TrimSuffix(text, "\n"); text != "" {
			if err := p.line(number, text); err != nil {
				return nil, fmt.Errorf("record line %d: %w", number, err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read record: %w", err)
		}
	}
	// A call that never returned (the process was killed in it) may still have had its effect, but promises nothing.
	for _, u := range p.open {
		if c, err := parseCall(u.text + ") = 0"); err == nil && (c.name == "pwrite64" || c.name == "write") {
			c.result = "1073741824"
			if err := p.call(c, u.begin, never); err != nil {
				return nil, fmt.Errorf("record line %d: %w", u.begin, err)
			}
		}
	}
	slices.SortStableFunc(p.ops, func(a, b Op) int { return cmp.Compare(a.Begin, b.Begin) })
	return p.ops, nil
}

// never is the End of a call that did not return.
const never = int(^uint(0) >> 1)

type unfinished struct {
	begin int
	text  string
}

type parser struct {
	folder, marker string
	open           map[string]unfinished // by thread
	at             map[string]int64      // file position by path, for plain writes
	ops            []Op
}

func (p *parser) line(number int, text string) error {
	pid, body, ok := strings.Cut(text, " ")
	body = strings.TrimLeft(body, " ")
	if !ok || strings.HasPrefix(body, "+++") || strings.HasPrefix(body, "---") {
		return nil
	}
	begin := number
	if head, ok := strings.CutSuffix(body, "<unfinished ...>"); ok {
		p.open[pid] = unfinished{number, strings.TrimRight(head, " ")}
		return nil
	}
	if strings.HasPrefix(body, "<... ") {
		u, ok := p.open[pid]
		_, rest, ok2 := strings.Cut(body, " resumed>")
		if !ok || !ok2 {
			return fmt.Errorf("a call goes on that never began: %.80q", body)
		}
		delete(p.open, pid)
		begin, body = u.begin, u.text+joint(u.text, rest)+rest
	}
	c, err := parseCall(body)
	if err != nil {
		return err
	}
	if c.failed() {
		return nil
	}
	return p.call(c, begin, number)
}

// joint restores the space that strace leaves out between the two halves of a call.
func joint(head, rest string) string {
	if strings.HasSuffix(head, ",") && !strings.HasPrefix(rest, " ") {
		return " "
	}
	return ""
}

// name gives the name of path relative to the folder; ok is false for everything outside.
func (p *parser) name(path string) (name string, ok bool) {
	if path == p.folder {
		return ".", true
	}
	return strings.CutPrefix(path, p.folder+"/")
}
