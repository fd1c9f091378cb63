package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// MaxFrame is the most bytes of JSON that a frame may have.
const MaxFrame = 8 << 20

// ErrFrame says that bytes are not a frame.
var ErrFrame = errors.New("not a frame")

// Encode gives a copy's JSON: the bytes that AppendFrame takes, made once for all who may see the same.
func (c *Copy) Encode() ([]byte, error) {
	b, err := marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode copy of sequence %d: %w", c.Sequence, err)
	}
	return b, nil
}

// AppendFrame appends the JSON of a frame to dst by joining encoded copies. The copies are those of sequences in (from,
// upTo], in order; epoch is that of upTo. A frame without copies only moves the position.
func AppendFrame(dst []byte, epoch, from, upTo int64, copies ...[]byte) []byte {
	dst = append(dst, `{"epoch":`...)
	dst = strconv.AppendInt(dst, epoch, 10)
	dst = append(dst, `,"from":`...)
	dst = strconv.AppendInt(dst, from, 10)
	dst = append(dst, `,"upTo":`...)
	dst = strconv.AppendInt(dst, upTo, 10)
	dst = append(dst, `,"events":[`...)
	for i, c := range copies {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c...)
	}
	return append(dst, "]}"...)
}

// FrameSize is at least the number of bytes that AppendFrame appends.
func FrameSize(copies ...[]byte) int {
	size := 100
	for _, c := range copies {
		size += len(c) + 1
	}
	return size
}

// DecodeFrame reads a frame and its copies. It returns an error wrapping ErrFrame if the copies are not in order within
// (from, upTo], or of a later epoch than the frame. The payload of a copy whose type is not known is nil.
func DecodeFrame(b []byte) (Frame, []Copy, error) {
	var f Frame
	if len(b) > MaxFrame {
		return f, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, len(b), MaxFrame)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return Frame{}, nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if f.Epoch < 1 || f.From < 0 || f.UpTo < f.From || int64(len(f.Events)) > f.UpTo-f.From {
		return Frame{}, nil, fmt.Errorf("%w: %d events of epoch %d in (%d, %d]", ErrFrame, len(f.Events), f.Epoch, f.From, f.UpTo)
	}
	copies := make([]Copy, len(f.Events))
	sequence, epoch := f.From, int64(1)
	for i, raw := range f.Events {
		c := &copies[i]
		if err := json.Unmarshal(raw, c); err != nil {
			return Frame{}, nil, fmt.Errorf("%w: event %d: %w", ErrFrame, i, err)
		}
		if c.Sequence <= sequence || c.Sequence > f.UpTo || c.Epoch < epoch || c.Epoch > f.Epoch || c.Version < 1 {
			return Frame{}, nil, fmt.Errorf("%w: event %d: %d.%d version %d is out of place", ErrFrame, i, c.Epoch, c.Sequence, c.Version)
		}
		sequence, epoch = c.Sequence, c.Epoch
	}
	return f, copies, nil
}
