package disk

import (
	"slices"

	"multistream/edge/faulttest/systrace"
)

// file is the content of one file, whatever its names.
type file struct {
	durable []byte    // what a power cut surely leaves
	current []byte    // what the running program sees
	changes []*change // since durable, in the order in which they began
	log     writeAhead
}

// change is one write or truncation that no sync has covered yet.
type change struct {
	op   *systrace.Op
	done bool
}

func (f *file) change(o *systrace.Op) {
	f.changes = append(f.changes, &change{op: o})
	f.current = applied(f.current, o)
	f.log.note(o)
}

func (f *file) finish(o *systrace.Op) {
	for _, c := range f.changes {
		if c.op == o {
			c.done = true
		}
	}
}

// finished lists the changes that a sync beginning now covers.
func (f *file) finished() []*change {
	var out []*change
	for _, c := range f.changes {
		if c.done {
			out = append(out, c)
		}
	}
	return out
}

// harden makes changes durable.
func (f *file) harden(changes []*change) {
	for _, c := range changes {
		f.durable = applied(f.durable, c.op)
	}
	f.changes = slices.DeleteFunc(f.changes, func(c *change) bool { return slices.Contains(changes, c) })
}

// applied gives b after a write or truncation; b may be changed.
func applied(b []byte, o *systrace.Op) []byte {
	switch o.Kind {
	case systrace.Write:
		return overwrite(b, o.Offset, o.Data)
	case systrace.Truncate:
		return resize(b, o.Size)
	default: // an opening that cuts the file
		return resize(b, 0)
	}
}

func overwrite(b []byte, at int64, data []byte) []byte {
	b = resize(b, max(int64(len(b)), at+int64(len(data))))
	copy(b[at:], data)
	return b
}

// resize cuts b or fills it up with zeros, as a file system does.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	if size <= int64(cap(b)) {
		old := len(b)
		b = b[:size]
		clear(b[old:])
		return b
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// cloned copies b unseen by the race detector, which would take longer over a thousand images than everything else: only
// the goroutine that plays the disk touches the original, and the copy is handed over whole.
//
//go:norace
func cloned(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}
