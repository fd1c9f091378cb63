package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Kind says what a frame carries. Numbers are never used again; those from 64 on are kept for what the hub sends to edges.
type Kind uint8

// The kinds of level 1.
const (
	KindHello   Kind = 1 // edge: who I am, what I have
	KindWelcome Kind = 2 // hub: what I have of it
	KindBatch   Kind = 3 // edge: what follows
	KindAck     Kind = 4 // hub: what is durable now
	KindRefusal Kind = 5 // hub: nothing was stored, and why
)

// Frame is one message on its way. Its form is the same at every level:
//
//	"MSS1" ‖ kind uint8 ‖ level uint16 ‖ number uint64 ‖ length of the body uint32 ‖ digest ‖ body, compressed with zstd
//	digest = SHA-256("ms1-frame" ‖ kind ‖ level ‖ number ‖ length ‖ body before compression)
//
// numbers big-endian. Number is chosen by who asks and said again in the answer, so that a late answer is known as one.
type Frame struct {
	Kind   Kind
	Level  uint16
	Number uint64
	Body   []byte
}

const (
	magic      = "MSS1"
	headerSize = len(magic) + 1 + 2 + 8 + 4
	frameSize  = headerSize + sha256.Size
)

var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxBody), zstd.WithDecoderMaxWindow(8<<20)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("wire: zstd with fixed options: " + err.Error())
	}
	return v
}

// Append adds the frame's bytes. It returns an error if the body is larger than MaxBody.
func (f Frame) Append(dst []byte) ([]byte, error) {
	if len(f.Body) > MaxBody {
		return dst, fmt.Errorf("a message of %d bytes, at most %d", len(f.Body), MaxBody)
	}
	at := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, byte(f.Kind))
	dst = binary.BigEndian.AppendUint16(dst, f.Level)
	dst = binary.BigEndian.AppendUint64(dst, f.Number)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(f.Body)))
	sum := digest(dst[at+len(magic):], f.Body)
	dst = append(dst, sum[:]...)
	return encoder.EncodeAll(f.Body, dst), nil
}

// ReadFrame takes the bytes of one frame apart. All its errors are ErrCorrupt: a peer that speaks this language sends nothing else.
func ReadFrame(b []byte) (f Frame, err error) {
	switch {
	case len(b) < frameSize || len(b) > MaxFrame:
		return f, fmt.Errorf("%w: a frame of %d bytes", ErrCorrupt, len(b))
	case !bytes.HasPrefix(b, []byte(magic)):
		return f, fmt.Errorf("%w: no frame of this language", ErrCorrupt)
	}
	header := b[len(magic):headerSize]
	f.Kind, f.Level = Kind(header[0]), binary.BigEndian.Uint16(header[1:])
	f.Number = binary.BigEndian.Uint64(header[3:])
	size := binary.BigEndian.Uint32(header[11:])
	if size > MaxBody {
		return f, fmt.Errorf("%w: a body of %d bytes", ErrCorrupt, size)
	}
	f.Body, err = decoder.DecodeAll(b[frameSize:], make([]byte, 0, min(int(size), 64*(len(b)-frameSize)+64)))
	if err != nil {
		return f, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if sum := digest(header, f.Body); len(f.Body) != int(size) || !bytes.Equal(sum[:], b[headerSize:frameSize]) {
		return f, fmt.Errorf("%w: the digest is another one", ErrCorrupt)
	}
	return f, nil
}

func digest(header, body []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte("ms1-frame"))
	h.Write(header)
	h.Write(body)
	h.Sum(sum[:0])
	return sum
}
