package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// machine is what the figures depend on.
type machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	MemoryMB   uint64 `json:"memoryMB"`
	Kernel     string `json:"kernel"`
	FileSystem string `json:"fileSystem"` // of the folder that is measured
	Go         string `json:"go"`
	Load       string `json:"load"` // of the last minute when the run began: others who use the machine
}

// String gives it in one line.
func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d MB · Linux %s · %s · %s · load %s", m.CPU, m.Cores, m.MemoryMB, m.Kernel, m.FileSystem, m.Go, m.Load)
}

func thisMachine(dir string) (machine, error) {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, fmt.Errorf("this benchmark describes a Linux machine: %w", err)
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	var total uint64
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	if _, err := fmt.Sscanf(string(memory), "MemTotal: %d kB", &total); err != nil {
		return m, fmt.Errorf("/proc/meminfo: %w", err)
	}
	m.MemoryMB = total >> 10
	for name, to := range map[string]*string{"/proc/sys/kernel/osrelease": &m.Kernel, "/proc/loadavg": &m.Load} {
		text, err := os.ReadFile(name)
		if err != nil {
			return m, err
		}
		*to, _, _ = strings.Cut(strings.TrimSpace(string(text)), " ")
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return m, err
	}
	m.FileSystem = fileSystem(int64(fs.Type))
	return m, nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are constant
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fileSystem names the common ones by their magic number (statfs(2)).
func fileSystem(magic int64) string {
	known := map[int64]string{0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x2fc12fc1: "zfs", 0x794c7630: "overlay", 0xf2f52010: "f2fs"}
	if name, ok := known[magic]; ok {
		return name
	}
	return fmt.Sprintf("file system %#x", magic)
}
