package systrace

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// call is one system call as strace prints it.
type call struct {
	name   string
	args   []string
	result string // what stands after the equals sign
}

// parseCall reads "name(arg, arg) = result". Strings are hexadecimal, so no quote, comma or bracket hides in them.
func parseCall(text string) (call, error) {
	name, rest, ok := strings.Cut(text, "(")
	end := strings.LastIndex(rest, ") ")
	if !ok || end < 0 {
		return call{}, fmt.Errorf("not a system call: %.80q", text)
	}
	result, ok := strings.CutPrefix(strings.TrimLeft(rest[end+1:], " "), "= ")
	if !ok {
		return call{}, fmt.Errorf("system call without a result: %.80q", text)
	}
	return call{name: name, args: strings.Split(rest[:end], ", "), result: result}, nil
}

// failed reports whether the call returned an error or never returned ("?", the process was killed in it).
func (c call) failed() bool {
	return strings.HasPrefix(c.result, "-1") || strings.HasPrefix(c.result, "?")
}

// number reads the result's leading integer.
func (c call) number() (int64, error) { return leading(c.result) }

func (c call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

func leading(s string) (int64, error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return strconv.ParseInt(s[:i], 10, 64)
}

// descriptor reads `7<\x2f\x74>`: the number and the path behind it; deleted tells that the file has no name any more.
func descriptor(s string) (fd int64, path string, deleted bool, err error) {
	fd, err = leading(s)
	if err != nil {
		return 0, "", false, fmt.Errorf("descriptor %.80q: %w", s, err)
	}
	from, to := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if from < 0 || to < from {
		return fd, "", false, nil // closed meanwhile, or not a file
	}
	b, err := unhex(s[from+1 : to])
	return fd, string(b), strings.HasSuffix(s, "(deleted)"), err
}

// quoted reads `"\x2f\x74"`; cut off data ("...") is an error, it would make wrong images.
func quoted(s string) ([]byte, error) {
	body, ok := strings.CutPrefix(s, `"`)
	body, ok2 := strings.CutSuffix(body, `"`)
	if !ok || !ok2 {
		return nil, fmt.Errorf("not a whole string: %.60q", s)
	}
	return unhex(body)
}

func unhex(s string) ([]byte, error) {
	if !strings.Contains(s, `\x`) {
		return []byte(s), nil // names like pipe:[123] or anon_inode are not escaped
	}
	if len(s)%4 != 0 {
		return nil, fmt.Errorf("odd escape: %.60q", s)
	}
	out := make([]byte, 0, len(s)/4)
	pair := make([]byte, 2)
	for i := 0; i < len(s); i += 4 {
		pair[0], pair[1] = s[i+2], s[i+3]
		if s[i] != '\\' || s[i+1] != 'x' {
			return nil, fmt.Errorf("odd escape: %.60q", s[i:])
		}
		var err error
		if out, err = hex.AppendDecode(out, pair); err != nil {
			return nil, err
		}
	}
	return out, nil
}
