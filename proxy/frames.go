package proxy

import "encoding/binary"

// frames follows the frames of one direction of a websocket (RFC 6455 section
// 5.2), so that a frame of ours can be put between two of theirs. Nothing of
// them is kept or changed.
type frames struct {
	// header is what has come of a frame's head: two bytes, a length of up to
	// eight, a mask of four.
	header [14]byte
	have   int
	// left is how much of the current frame's payload is to come.
	left uint64
}

// between says whether the last frame is complete and none has begun.
func (f *frames) between() bool { return f.have == 0 && f.left == 0 }

// pass goes on to the end of the frame that is under way or begins, at most to
// the end of p, and returns how much of p that is. p must not be empty.
func (f *frames) pass(p []byte) int {
	taken := 0
	if f.left == 0 {
		for f.have < f.size() {
			if taken == len(p) {
				return taken
			}
			f.header[f.have] = p[taken]
			f.have++
			taken++
		}
		f.left = f.length()
	}
	n := len(p) - taken
	if f.left < uint64(n) { // #nosec G115 -- a length is not negative
		n = int(f.left) // #nosec G115 -- less than n
	}
	f.left -= uint64(n) // #nosec G115 -- as above
	if f.left == 0 {
		f.have = 0
	}
	return taken + n
}

// size is how long the head of the frame is, as far as can be told from what
// has come of it.
func (f *frames) size() int {
	if f.have < 2 {
		return 2
	}
	size := 2
	switch f.header[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.header[1]&0x80 != 0 {
		size += 4
	}
	return size
}

func (f *frames) length() uint64 {
	switch short := f.header[1] & 0x7f; short {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(short)
	}
}

// closeFrame is a close frame (RFC 6455 section 5.5.1) of one unmasked piece,
// as servers send it. The reason has at most 123 bytes.
func closeFrame(code uint16, reason string) []byte {
	frame := []byte{0x88, byte(2 + len(reason))} // #nosec G115 -- see above: reasons are our own constants
	frame = binary.BigEndian.AppendUint16(frame, code)
	return append(frame, reason...)
}

// masked is the same as a client sends it. All-zero is a mask like any other:
// masks keep pages from writing what caches misread, and this is no page.
func masked(frame []byte) []byte {
	out := []byte{frame[0], frame[1] | 0x80, 0, 0, 0, 0}
	return append(out, frame[2:]...)
}
