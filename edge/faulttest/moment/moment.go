// Package moment says where in a commit a killed edge was, from what it left behind: the write-ahead logs, the
// shared-memory index, and the system call in which a thread was seen last. The edge needs no seam for it.
package moment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The places in which a kill can hit, in the order of a command's way. A command that is only in the edge's memory is
// queued; one whose commit is in the log but whose client has no answer is syncing or answering.
const (
	StartUp    = "start-up"
	Idle       = "idle"
	Queued     = "queued"
	Keys       = "writing a key"
	Writing    = "writing the log"
	Syncing    = "syncing the log"
	Answering  = "answering"
	Checkpoint = "checkpoint"
)

// All lists the places.
var All = []string{StartUp, Idle, Queued, Keys, Writing, Syncing, Answering, Checkpoint}

// Evidence is what is known about a kill.
type Evidence struct {
	Ready   bool // whether the edge had accepted anything since its start
	Pending int  // commands without an answer
	Found   int  // of these, how many have their facts in the log
	InSync  bool // a thread was inside of fsync or fdatasync just before
	Left    Left
}

// Left is what a killed process left in the files.
type Left struct {
	LogTail, KeyTail bool // a transaction without its commit frame at the end of that write-ahead log
	Backfilling      bool // a checkpoint had begun and not ended
}

// Where names the place.
func (e Evidence) Where() string {
	switch {
	case !e.Ready:
		return StartUp
	case e.Left.Backfilling:
		return Checkpoint
	case e.Left.LogTail:
		return Writing
	case e.Left.KeyTail:
		return Keys
	case e.Found > 0 && e.InSync:
		return Syncing
	case e.Found > 0:
		return Answering
	case e.Pending > 0:
		return Queued
	}
	return Idle
}

// Read looks at a folder before anybody opens it again.
func Read(folder string) (Left, error) {
	var left Left
	var err error
	if left.LogTail, err = unfinished(filepath.Join(folder, "edge.db")); err != nil {
		return left, err
	}
	if left.KeyTail, err = unfinished(filepath.Join(folder, "keys.db")); err != nil {
		return left, err
	}
	index, err := os.ReadFile(filepath.Join(folder, "edge.db-shm"))
	if err != nil && !os.IsNotExist(err) {
		return left, err
	}
	left.Backfilling = backfilling(index) && changedLast(folder, "edge.db", "edge.db-wal")
	return left, nil
}

// changedLast reports whether the first file was changed after the second. The writer does one after the other: the log
// does not grow while it is copied into the database.
func changedLast(folder, first, second string) bool {
	a, err := os.Stat(filepath.Join(folder, first))
	b, err2 := os.Stat(filepath.Join(folder, second))
	return err == nil && err2 == nil && !a.ModTime().Before(b.ModTime())
}

// Offsets in SQLite's shared-memory index: how many frames are in the database, and how many a checkpoint wanted there
// (or, after a crash, may have).
const (
	nBackfill          = 96
	nBackfillAttempted = 128
)

func backfilling(index []byte) bool {
	if len(index) < nBackfillAttempted+4 {
		return false
	}
	return binary.NativeEndian.Uint32(index[nBackfillAttempted:]) > binary.NativeEndian.Uint32(index[nBackfill:])
}

// unfinished reports whether the write-ahead log of a database goes on behind its last commit frame with frames of the
// same generation, whole or torn.
func unfinished(database string) (bool, error) {
	log, err := os.ReadFile(database + "-wal")
	if os.IsNotExist(err) || err == nil && len(log) < 32 {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read what was left: %w", err)
	}
	salt, frame := log[16:24], 24+int(binary.BigEndian.Uint32(log[8:12]))
	after := false
	for at := 32; at+24 <= len(log); at += frame {
		if !bytes.Equal(log[at+8:at+16], salt) {
			return after, nil // left over from the generation before
		}
		after = binary.BigEndian.Uint32(log[at+4:at+8]) == 0 || at+frame > len(log)
	}
	return after, nil
}

// InSync reports whether a thread of a process is inside of fsync or fdatasync now. Where the system does not tell, the
// answer is no.
func InSync(pid int) bool {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	if err != nil {
		return false
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		number, _, _ := strings.Cut(string(text), " ")
		if err == nil && (number == syncCalls[0] || number == syncCalls[1]) {
			return true
		}
	}
	return false
}
