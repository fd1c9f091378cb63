package sqlite

import (
	"encoding/binary"
	"math/bits"
)

// oneBit tells whether changing one bit of a bad frame makes it good: then it was whole once. Power loss tears sectors.
func (w *walReader) oneBit(frame []byte) bool {
	page := frame[frameHeader:]
	sum := w.checksum(w.checksum(w.sum, frame[:8]), page)
	stored := sumAt(frame[16:])
	salt := binary.BigEndian.Uint64(frame[8:16]) ^ binary.BigEndian.Uint64(w.salt[:])
	if sum == stored {
		return bits.OnesCount64(salt) == 1
	}
	if salt != 0 {
		return false
	}
	if bits.OnesCount32(sum[0]^stored[0])+bits.OnesCount32(sum[1]^stored[1]) == 1 {
		return true
	}
	// The sum is linear: adding e to a word adds a multiple of e, which depends on how many words follow, to each half.
	// Going backwards, m is what the pairs of words behind the present one do to a difference of the halves.
	want := [2]uint32{stored[0] - sum[0], stored[1] - sum[1]}
	m := [2][2]uint32{{1, 0}, {0, 1}}
	for at := len(page) - 8; at >= -8; at -= 8 {
		pair := frame[:8] // the part of the frame's header that is summed, before the page
		if at >= 0 {
			pair = page[at:]
		}
		for bit := range 32 {
			first, second := delta(w.order.Uint32(pair), bit), delta(w.order.Uint32(pair[4:]), bit)
			if [2]uint32{(m[0][0] + m[0][1]) * first, (m[1][0] + m[1][1]) * first} == want ||
				[2]uint32{m[0][1] * second, m[1][1] * second} == want {
				return true
			}
		}
		// One more pair lies behind: it adds the second half to the first, then the first to the second.
		m = [2][2]uint32{{m[0][0] + m[0][1], m[0][0] + 2*m[0][1]}, {m[1][0] + m[1][1], m[1][0] + 2*m[1][1]}}
	}
	return false
}

// delta is what changing a bit of a word adds to it.
func delta(word uint32, bit int) uint32 {
	if word>>bit&1 == 1 {
		return -(uint32(1) << bit)
	}
	return uint32(1) << bit
}
