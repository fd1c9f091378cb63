package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"multistream/shared/eventlog"
)

// Recovery tells what the last stop left in the write-ahead log of edge.db. After a clean stop there is nothing.
type Recovery struct {
	Frames    int   // frames up to the last whole commit: they are kept
	Commits   int   // whole commits among them
	KeptBytes int64 // of the file, its header included
	TornBytes int64 // behind them: a commit that was never acknowledged; it is dropped
}

const (
	walHeader   = 32
	frameHeader = 24
)

// inspectWAL reads a write-ahead log before SQLite does. SQLite drops everything behind the first frame that does not
// match its checksum. That is right for a commit that power loss tore: it was not acknowledged. It is wrong for a frame
// that was damaged later: it and the commits behind it were acknowledged. They differ in this: a torn write is wrong in
// many bits, never in one; and a commit is synced before the next one is begun, so a bad frame that has a later commit's
// frame behind it is damage. Damage is ErrDamaged; the file is left as it is.
func inspectWAL(file string) (r Recovery, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("write-ahead log %s can't be read: %w", file, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || st.Size() == 0 {
		return r, err
	}
	w := walReader{file: file, in: f, size: st.Size()}
	if !w.header() {
		// A header that never was valid is that of a file whose first commit was torn, unless commits lie behind it.
		r.TornBytes = st.Size()
		return r, w.err
	}
	if err := w.frames(&r); err != nil {
		return r, err
	}
	r.TornBytes = st.Size() - r.KeptBytes
	return r, nil
}

func (r Recovery) log(log *slog.Logger) {
	if r.Frames > 0 || r.TornBytes > 0 {
		log.Info("the write-ahead log of the last run is taken over; what is dropped was never acknowledged",
			"frames", r.Frames, "commits", r.Commits, "keptBytes", r.KeptBytes, "droppedBytes", r.TornBytes)
	}
}

// A walReader checks frames with the checksums of SQLite's format: s0 and s1 run over 32-bit words, each frame begins
// with what the frame before it ended with.
type walReader struct {
	file  string
	in    io.ReaderAt
	size  int64
	page  int64
	salt  [8]byte
	order binary.ByteOrder
	sum   [2]uint32 // of what came before
	err   error
}

func (w *walReader) header() bool {
	h := make([]byte, walHeader)
	if _, err := w.in.ReadAt(h, 0); err != nil {
		return false
	}
	switch binary.BigEndian.Uint32(h) {
	case 0x377f0682:
		w.order = binary.LittleEndian
	case 0x377f0683:
		w.order = binary.BigEndian
	default:
		w.err = w.damagedHeader()
		return false
	}
	w.page = int64(binary.BigEndian.Uint32(h[8:]))
	copy(w.salt[:], h[16:24])
	w.sum = w.checksum([2]uint32{}, h[:24])
	if w.sum != sumAt(h[24:]) || w.page < 512 || w.page > 65536 {
		w.err = w.damagedHeader()
		return false
	}
	return true
}

// damagedHeader tells a header that was damaged from one that never was whole: SQLite syncs it before the first frame.
func (w *walReader) damagedHeader() error {
	if w.size < walHeader+frameHeader+512 {
		return nil
	}
	return w.damaged("its header is damaged while commits lie behind it")
}

func (w *walReader) damaged(format string, args ...any) error {
	return fmt.Errorf("write-ahead log %s: %s; the file was left as it is; put this folder's backup in its place, or take "+
		"the log's content from the hub: %w", w.file, fmt.Sprintf(format, args...), eventlog.ErrDamaged)
}

// frames counts whole commits up to the first bad frame, and looks behind that one for what must not be there.
func (w *walReader) frames(r *Recovery) error {
	frame := make([]byte, frameHeader+w.page)
	r.KeptBytes = walHeader
	bad, ended := 0, false // the first bad frame; whether its commit was ended
	for n, at := 1, int64(walHeader); at+int64(len(frame)) <= w.size; n++ {
		if _, err := w.in.ReadAt(frame, at); err != nil {
			return fmt.Errorf("write-ahead log %s: %w", w.file, err)
		}
		at += int64(len(frame))
		ours := [8]byte(frame[8:16]) == w.salt
		commits := ours && binary.BigEndian.Uint32(frame[4:8]) != 0
		good := ours && w.checksum(w.checksum(w.sum, frame[:8]), frame[frameHeader:]) == sumAt(frame[16:])
		switch {
		case bad == 0 && good:
			if commits {
				r.Frames, r.Commits, r.KeptBytes = n, r.Commits+1, at
			}
		case bad == 0 && w.oneBit(frame):
			return w.damaged("one bit of frame %d is wrong", n)
		case bad == 0:
			bad, ended = n, commits
		case good && ended:
			return w.damaged("frame %d is damaged, and frame %d of a later commit, which was acknowledged, lies behind it", bad, n)
		default:
			ended = ended || commits
		}
		w.sum = sumAt(frame[16:]) // as stored: so each frame behind a bad one can be checked by itself
	}
	return nil
}

func sumAt(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// checksum runs SQLite's sum, begun at s, over b.
func (w *walReader) checksum(s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += w.order.Uint32(b) + s[1]
		s[1] += w.order.Uint32(b[4:]) + s[0]
	}
	return s
}
