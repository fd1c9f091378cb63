// Package systrace records what a process does to one folder, as the kernel sees it, and reads the record back as a list
// of operations with their data. It knows nothing of the program that it watches: no seam in it is needed.
package systrace

import "fmt"

// Kind says what an operation does to the folder.
type Kind uint8

// The kinds. Open stands for the effects of opening a file: it may make it and may cut it to nothing.
const (
	Open Kind = iota
	Write
	Truncate
	Sync    // of a file
	SyncDir // of the folder itself: makes names durable
	Rename
	Unlink
	Mark // a write to the marker file, which lies outside the folder
)

var kindNames = [...]string{"open", "write", "truncate", "sync", "syncdir", "rename", "unlink", "mark"}

func (k Kind) String() string { return kindNames[k] }

// Op is one successful operation. Begin and End are points on the record's clock: the effect of the call may happen
// anywhere between them, and what a sync promises holds from its End.
type Op struct {
	Kind       Kind
	Path       string // relative to the folder; "." is the folder
	To         string // new name of a Rename
	Offset     int64  // of a Write
	Size       int64  // of a Truncate
	Data       []byte // of a Write or a Mark
	Create     bool   // of an Open
	Trunc      bool   // of an Open
	Begin, End int    // lines of the record
}

// String names the operation without its data.
func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("line %d: write %s %d+%d", o.Begin, o.Path, o.Offset, len(o.Data))
	case Truncate:
		return fmt.Sprintf("line %d: truncate %s to %d", o.Begin, o.Path, o.Size)
	case Rename:
		return fmt.Sprintf("line %d: rename %s to %s", o.Begin, o.Path, o.To)
	default:
		return fmt.Sprintf("line %d: %s %s", o.Begin, o.Kind, o.Path)
	}
}
