package wire

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"multistream/shared/event"
)

// A writer appends fields: numbers big-endian, ids and hashes raw, what has no fixed length after its length as uint32.
type writer struct{ b []byte }

func (w *writer) u16(n uint16)      { w.b = binary.BigEndian.AppendUint16(w.b, n) }
func (w *writer) u32(n int)         { w.b = binary.BigEndian.AppendUint32(w.b, uint32(n)) }
func (w *writer) i64(n int64)       { w.b = binary.BigEndian.AppendUint64(w.b, uint64(n)) }
func (w *writer) id(id event.ID)    { w.b = append(w.b, id[:]...) }
func (w *writer) hash(h event.Hash) { w.b = append(w.b, h[:]...) }
func (w *writer) raw(b []byte)      { w.b = append(w.b, b...) }

func (w *writer) bytes(b []byte) {
	w.u32(len(b))
	w.b = append(w.b, b...)
}

// A reader takes fields off. After the first that is not there or not allowed, failed says why and everything is zero.
type reader struct {
	b      []byte
	failed error
}

func (r *reader) fail(format string, args ...any) {
	if r.failed == nil {
		r.failed = malformed(format, args...)
	}
}

// take gives the next n bytes, nil if there are fewer or something failed before.
func (r *reader) take(n int, what string) []byte {
	if r.failed != nil || len(r.b) < n {
		r.fail("%s is cut off", what)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u16(what string) (n uint16) {
	if b := r.take(2, what); b != nil {
		n = binary.BigEndian.Uint16(b)
	}
	return n
}

func (r *reader) i64(what string) (n int64) {
	if b := r.take(8, what); b != nil {
		n = int64(binary.BigEndian.Uint64(b))
	}
	return n
}

// natural is an i64 that is not below 0.
func (r *reader) natural(what string) int64 {
	n := r.i64(what)
	if n < 0 {
		r.fail("%s is %d", what, n)
		return 0
	}
	return n
}

func (r *reader) id(what string) (id event.ID) {
	copy(id[:], r.take(16, what))
	return id
}

// present is an id that must not be absent.
func (r *reader) present(what string) event.ID {
	id := r.id(what)
	if id.IsZero() {
		r.fail("%s is absent", what)
	}
	return id
}

func (r *reader) hash(what string) (h event.Hash) {
	copy(h[:], r.take(32, what))
	return h
}

// size reads a length or a count. each is how many bytes one of it has at least, so that no room is made for what can't be there.
func (r *reader) size(most, each int, what string) int {
	b := r.take(4, what)
	if b == nil {
		return 0
	}
	n := binary.BigEndian.Uint32(b)
	if n > uint32(most) {
		r.fail("%s: %d, at most %d", what, n, most)
		return 0
	}
	if int(n)*each > len(r.b) {
		r.fail("%s is cut off", what)
		return 0
	}
	return int(n)
}

func (r *reader) bytes(most int, what string) []byte {
	return r.take(r.size(most, 1, what), what)
}

// text is UTF-8 without U+0000, so that every database takes it.
func (r *reader) text(most int, what string) string {
	s := string(r.bytes(most, what))
	if !plainText(s) {
		r.fail("%s is no text", what)
		return ""
	}
	return s
}

func plainText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// end gives what failed, or says that something follows the message.
func (r *reader) end() error {
	if len(r.b) > 0 {
		r.fail("%d bytes follow its end", len(r.b))
	}
	return r.failed
}
