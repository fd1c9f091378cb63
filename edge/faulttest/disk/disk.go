// Package disk plays recorded operations on a model of a disk that promises only what POSIX does, and builds the folders
// that a power cut at any point may leave behind.
//
// What it promises: data that a finished sync covered is kept; names are kept once the folder was synced; a sector of 512
// bytes is old or new, never mixed, and a write changes no byte outside of its range. Everything else may be lost, kept,
// reordered or torn, file by file and sector by sector.
package disk

import (
	"maps"
	"slices"
	"sort"

	"multistream/edge/faulttest/systrace"
)

// Disk is the state of one folder at a point of a record. Not safe for concurrent use.
type Disk struct {
	names, kept map[string]*file // what the running program sees; what a power cut surely leaves
	pending     []naming         // name changes since the folder was synced, in order
	moments     []moment
	next        int
	named       int // value of next when a name changed last
	marks       [][]byte
	markTimes   []int
	syncing     map[*systrace.Op]covered
	last        string
	unsafe      func(name string) bool
}

// naming is one change of names that the folder's next sync makes durable.
type naming struct {
	op   *systrace.Op
	of   *file
	done bool
}

// moment is the begin or the end of an operation on the record's clock.
type moment struct {
	op  *systrace.Op
	at  int
	end bool
}

// covered is what a running sync will make durable when it returns.
type covered struct {
	file    *file
	changes []*change
	names   []naming
}

// New makes a disk that holds the files of start durably and will play ops.
func New(start map[string][]byte, ops []systrace.Op) *Disk {
	d := &Disk{names: map[string]*file{}, kept: map[string]*file{}, syncing: map[*systrace.Op]covered{}, last: "nothing yet"}
	for name, data := range start {
		f := &file{durable: cloned(data), current: cloned(data)}
		d.names[name], d.kept[name] = f, f
	}
	for i := range ops {
		o := &ops[i]
		d.moments = append(d.moments, moment{op: o, at: o.Begin})
		if o.Kind != systrace.Mark {
			d.moments = append(d.moments, moment{op: o, at: o.End, end: true})
		}
	}
	sort.SliceStable(d.moments, func(i, j int) bool { return d.moments[i].at < d.moments[j].at })
	return d
}

// IgnoreSyncs makes the disk forget syncs of the files for which ignored is true: a disk that lies, or a program that
// does not sync. It is how a test proves that it can find loss.
func (d *Disk) IgnoreSyncs(ignored func(name string) bool) { d.unsafe = ignored }

// Moments is the number of points in time at which the power may be cut: before the first and after each moment.
func (d *Disk) Moments() int { return len(d.moments) }

// Now is the number of moments played, 0 to Moments.
func (d *Disk) Now() int { return d.next }

// Last names the operation whose begin or end was played last.
func (d *Disk) Last() string { return d.last }

// Marks gives the data of all marks made until now, oldest first.
func (d *Disk) Marks() [][]byte { return d.marks }

// MarksBefore gives the marks made before a point on the record's clock.
func (d *Disk) MarksBefore(at int) [][]byte {
	return d.marks[:sort.SearchInts(d.markTimes, at)]
}

// Step plays one moment and reports whether there was one.
func (d *Disk) Step() bool {
	if d.next == len(d.moments) {
		return false
	}
	m := d.moments[d.next]
	d.next++
	d.last = "begin of " + m.op.String()
	if m.end {
		d.last = "end of " + m.op.String()
		d.end(m.op)
		return true
	}
	d.begin(m.op)
	return true
}

func (d *Disk) begin(o *systrace.Op) {
	switch o.Kind {
	case systrace.Mark:
		d.marks, d.markTimes = append(d.marks, o.Data), append(d.markTimes, o.Begin)
	case systrace.Open:
		f := d.names[o.Path]
		if f == nil && o.Create {
			d.rename(o, &file{})
		} else if f != nil && o.Trunc {
			f.change(o)
		}
	case systrace.Rename, systrace.Unlink:
		d.rename(o, d.names[o.Path])
	case systrace.Write, systrace.Truncate:
		if f := d.names[o.Path]; f != nil {
			f.change(o)
			d.noteBackfill(o)
		}
	case systrace.Sync:
		if f := d.names[o.Path]; f != nil {
			d.syncing[o] = covered{file: f, changes: f.finished()}
		}
	case systrace.SyncDir:
		c := covered{}
		for _, n := range d.pending {
			if n.done {
				c.names = append(c.names, n)
			}
		}
		d.syncing[o] = c
	}
}

func (d *Disk) end(o *systrace.Op) {
	switch o.Kind {
	case systrace.Sync:
		if c, ok := d.syncing[o]; ok && (d.unsafe == nil || !d.unsafe(o.Path)) {
			c.file.harden(c.changes)
		}
		delete(d.syncing, o)
	case systrace.SyncDir:
		for _, n := range d.syncing[o].names {
			n.apply(d.kept)
		}
		d.pending = slices.DeleteFunc(d.pending, func(n naming) bool {
			return slices.ContainsFunc(d.syncing[o].names, func(m naming) bool { return m.op == n.op })
		})
		delete(d.syncing, o)
	case systrace.Write, systrace.Truncate:
		if f := d.names[o.Path]; f != nil {
			f.finish(o)
		}
	default:
		if f := d.names[o.Path]; f != nil {
			f.finish(o)
		}
		for i := range d.pending {
			if d.pending[i].op == o {
				d.pending[i].done = true
			}
		}
	}
}

func (d *Disk) rename(o *systrace.Op, f *file) {
	if f == nil {
		return
	}
	n := naming{op: o, of: f}
	n.apply(d.names)
	d.pending, d.named = append(d.pending, n), d.next
}

func (n naming) apply(names map[string]*file) {
	switch n.op.Kind {
	case systrace.Open:
		names[n.op.Path] = n.of
	case systrace.Unlink:
		delete(names, n.op.Path)
	case systrace.Rename:
		delete(names, n.op.Path)
		names[n.op.To] = n.of
	}
}

// Files gives what the running program sees.
func (d *Disk) Files() map[string][]byte {
	out := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		out[name] = d.names[name].current
	}
	return out
}

// justNow is for how many moments a change of names counts as young.
const justNow = 8

// Naming reports whether a name was made, changed or removed just now and is not durable.
func (d *Disk) Naming() bool { return len(d.pending) > 0 && d.next-d.named <= justNow }

// Dirty reports whether anything is unsynced now.
func (d *Disk) Dirty() bool {
	for _, f := range d.names {
		if len(f.changes) > 0 {
			return true
		}
	}
	return len(d.pending) > 0
}
