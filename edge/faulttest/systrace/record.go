package systrace

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// modelled calls become operations; watched ones would change a file in a way that the model does not know, so that
// reading a record in which one touches the folder fails instead of missing it.
var (
	modelled = []string{
		"?open", "openat", "?creat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "?rename", "renameat", "?renameat2",
		"?unlink", "unlinkat", "lseek", "mmap",
	}
	watched = []string{
		"writev", "pwritev", "pwritev2", "truncate", "fallocate", "?link", "linkat", "copy_file_range",
		"sendfile", "splice", "sync_file_range",
	}
)

// Command gives the strace command line that runs argv and records its calls, with all data, in the file out. Returns an
// error that says how to get strace where it is missing.
func Command(ctx context.Context, out string, argv ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath("strace")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("strace is missing, without it no crash image can be made; run: sudo apt-get install strace")
	} else if err != nil {
		return nil, fmt.Errorf("find strace: %w", err)
	}
	calls := strings.Join(append(append([]string{}, modelled...), watched...), ",")
	args := []string{
		"-f", "--seccomp-bpf", // follow threads; stop only at the calls below, so that timing stays near the real one
		"-y", "-xx", "-s", "16777216", // file names of descriptors; every byte, in hexadecimal
		"-e", "trace=" + calls, "-e", "signal=none", "-qq", "-o", out, "--",
	}
	return exec.CommandContext(ctx, path, append(args, argv...)...), nil
}

// KillAt gives the strace command line that runs argv and kills it with SIGKILL when one of its threads makes its n-th call
// that changes or syncs a file: a kill inside of a commit, where one at a random time seldom hits.
func KillAt(n int, argv ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("strace is missing; run: sudo apt-get install strace: %w", err)
	}
	const calls = "pwrite64,fsync,fdatasync,ftruncate,?unlink,unlinkat,?rename,renameat"
	args := []string{
		"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, // with --seccomp-bpf strace 6.1 sends no signal
		"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", calls, n), "--",
	}
	return exec.Command(path, append(args, argv...)...), nil
}
