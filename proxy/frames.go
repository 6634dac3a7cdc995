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
	// message is how much of the current message's payload has been announced;
	// it is only counted by exceeds.
	message uint64
}

// between says whether the last frame is complete and none has begun.
func (f *frames) between() bool { return f.have == 0 && f.left == 0 }

// pass goes on to the end of the frame that is under way or begins, at most to
// the end of p, and returns how much of p that is. p must not be empty.
func (f *frames) pass(p []byte) int {
	taken := 0
	if f.left == 0 {
		var complete bool
		if taken, complete = f.head(p); !complete {
			return taken
		}
	}
	return taken + f.body(p[taken:])
}

// head takes what p has of a frame's head, and says how much that is and
// whether the head is complete.
func (f *frames) head(p []byte) (taken int, complete bool) {
	for f.have < f.size() {
		if taken == len(p) {
			return taken, false
		}
		f.header[f.have] = p[taken]
		f.have++
		taken++
	}
	f.left = f.length()
	return taken, true
}

// body takes what p has of the payload of a frame whose head is complete, and
// says how much that is.
func (f *frames) body(p []byte) int {
	n := len(p)
	if f.left < uint64(n) { // #nosec G115 -- a length is not negative
		n = int(f.left) // #nosec G115 -- less than n
	}
	f.left -= uint64(n) // #nosec G115 -- as above
	if f.left == 0 {
		f.have = 0
	}
	return n
}

// exceeds adds the frame whose head has just been completed to its message, and
// says whether that is larger than limit now. Control frames can stand between
// those of a message, and are small (RFC 6455 section 5.4 and 5.5).
func (f *frames) exceeds(limit uint64) bool {
	switch opcode := f.header[0] & 0x0f; {
	case opcode >= 8:
		return false
	case opcode != 0: // else it continues the one before
		f.message = 0
	}
	if f.left > limit-f.message {
		return true
	}
	f.message += f.left
	return false
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
