package systrace

import (
	"fmt"
	"strings"
	"testing"
)

// escaped writes a string as strace -xx does.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02x`, s[i])
	}
	return b.String()
}

// fill replaces {text} by its hexadecimal form, so that the records below can be read.
func fill(record string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(record, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		text, after, _ := strings.Cut(rest, "}")
		b.WriteString(escaped(text))
		record = after
	}
}

func TestParse(t *testing.T) {
	record := fill(`
10 openat(AT_FDCWD<{/work}>, "{/data/a}", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5<{/data/a}>
10 openat(AT_FDCWD<{/work}>, "{/etc/passwd}", O_RDONLY) = 6<{/etc/passwd}>
10 openat(AT_FDCWD<{/work}>, "{/data/none}", O_RDONLY) = -1 ENOENT (No such file or directory)
10 pwrite64(5<{/data/a}>, "{hello}", 5, 8192) = 3
11 fsync(5<{/data/a}> <unfinished ...>
10 pwrite64(5<{/data/a}>, "{x}", 1, 0) = 1
12 write(9<{/acks}>, "{one}", 3) = 3
11 <... fsync resumed>)                 = 0
10 write(7<{/data/b}>, "{ab}", 2) = 2
10 write(7<{/data/b}>, "{cd}", 2) = 2
10 fsync(5<{/data/a}>) = -1 EIO (Input/output error)
10 renameat(AT_FDCWD<{/work}>, "{/data/b}", AT_FDCWD<{/work}>, "{/data/c}") = 0
10 fsync(8<{/data}>) = 0
10 unlinkat(3<{/data}>, "{c}", 0) = 0
10 ftruncate(5<{/data/a}>, 100) = 0
10 write(5<{/data/gone}>(deleted), "{zz}", 2) = 2
13 pwrite64(5<{/data/a}>, "{last}", 4, 40 <unfinished ...>
13 +++ killed by SIGKILL +++
`)
	ops, err := Parse(strings.NewReader(record), "/data", "/acks")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range ops {
		text := fmt.Sprintf("%s %q", o, o.Data)
		if o.End != o.Begin {
			text += " later"
		}
		got = append(got, text)
	}
	want := []string{
		`line 2: open a ""`, `line 5: write a 8192+3 "hel"`, `line 6: sync a "" later`, `line 7: write a 0+1 "x"`,
		`line 8: mark acks "one"`, `line 10: write b 0+2 "ab"`, `line 11: write b 2+2 "cd"`, `line 13: rename b to c ""`,
		`line 14: syncdir . ""`, `line 15: unlink c ""`, `line 16: truncate a to 100 ""`, `line 18: write a 40+4 "last" later`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What the operations can't express must stop the test, not be passed over.
func TestParseRefuses(t *testing.T) {
	for _, record := range []string{
		`10 pwrite64(5<{/data/a}>, "{hel}"..., 5, 0) = 5`,
		`10 writev(5<{/data/a}>, [{iov_base="{x}", iov_len=1}], 1) = 1`,
		`10 fallocate(5<{/data/a}>, 0, 0, 4096) = 0`,
		`10 copy_file_range(4<{/x}>, NULL, 5<{/data/a}>, NULL, 10, 0) = 10`,
		`10 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 5<{/data/a.db}>, 0) = 0x7f0000000000`,
		`10 rename("{/data/a}", "{/elsewhere}") = 0`,
		`10 linkat(AT_FDCWD<{/}>, "{/data/a}", AT_FDCWD<{/}>, "{/data/b}", 0) = 0`,
		`10 openat(AT_FDCWD<{/}>, "{/data/sub/file}", O_WRONLY|O_CREAT, 0600) = 5<{/data/sub/file}>`,
		`10 openat(AT_FDCWD<{/}>, "{/data/log}", O_WRONLY|O_APPEND) = 5<{/data/log}>`,
		`10 <... fsync resumed>) = 0`,
		`garbage`,
	} {
		if ops, err := Parse(strings.NewReader(fill(record)+"\n"), "/data", "/acks"); err == nil && record != "garbage" {
			t.Errorf("%s: read as %v", record, ops)
		}
	}
	for _, harmless := range []string{
		`10 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 5<{/data/a.db-shm}>, 0) = 0x7f0000000000`,
		`10 writev(5<{/elsewhere}>, [{iov_base="{x}", iov_len=1}], 1) = 1`,
		`10 unlinkat(AT_FDCWD<{/}>, "{/data/sub/file}", 0) = 0`,
	} {
		if ops, err := Parse(strings.NewReader(fill(harmless)+"\n"), "/data", "/acks"); err != nil || len(ops) != 0 {
			t.Errorf("%s: %v, %v", harmless, ops, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fill(`10 pwrite64(5<{/data/a}>, "{hello}", 5, 8192) = 3`))
	f.Add(fill("11 fsync(5<{/data/a}> <unfinished ...>\n11 <... fsync resumed>) = 0"))
	f.Add(fill(`10 renameat(AT_FDCWD<{/work}>, "{/data/b}", AT_FDCWD<{/work}>, "{/data/c}") = 0`))
	f.Fuzz(func(t *testing.T, record string) {
		ops, err := Parse(strings.NewReader(record), "/data", "/acks")
		for _, o := range ops {
			if err == nil && (o.End < o.Begin || o.Path == "") {
				t.Errorf("%v ends before it begins or has no path", o)
			}
		}
	})
}
