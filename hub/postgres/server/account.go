package server

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is who the server runs as: nil for whoever we are.
type account struct{ uid, gid int }

// accountToRun gives the user postgres, else nobody, to root, and nil to everybody else.
func accountToRun() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		return &account{uid, gid}, err
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres to run it as: useradd --system postgres")
}

// own gives a file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// canReach returns an error that names a folder on the way down which the account may not enter.
func (a *account) canReach(folder string) error {
	for ; a != nil; folder = filepath.Dir(folder) {
		var info syscall.Stat_t
		if err := syscall.Stat(folder, &info); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		if info.Mode&0o001 == 0 && int(info.Uid) != a.uid {
			return fmt.Errorf("the user that PostgreSQL runs as can't enter %s: chmod o+x %s, or choose another folder", folder, folder)
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	return nil
}

func (a *account) attributes() *syscall.SysProcAttr {
	attributes := withParent()
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}
