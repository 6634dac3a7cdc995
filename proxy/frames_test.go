package proxy

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestFramesFindsEveryBoundary(t *testing.T) {
	var stream []byte
	ends := map[int]bool{0: true}
	add := func(mask bool, length int) {
		head := []byte{0x82, 0}
		switch {
		case length < 126:
			head[1] = byte(length)
		case length < 1<<16:
			head[1] = 126
			head = binary.BigEndian.AppendUint16(head, uint16(length))
		default:
			head[1] = 127
			head = binary.BigEndian.AppendUint64(head, uint64(length))
		}
		if mask {
			head[1] |= 0x80
			head = append(head, 1, 2, 3, 4)
		}
		stream = append(append(stream, head...), make([]byte, length)...)
		ends[len(stream)] = true
	}
	for _, length := range []int{0, 1, 125, 126, 65535, 65536, 0} {
		add(false, length)
		add(true, length)
	}
	for _, piece := range []int{1, 2, 3, 7, 4096, len(stream)} {
		var f frames
		for at := 0; at < len(stream); {
			p := stream[at:min(at+piece, len(stream))]
			for len(p) > 0 {
				n := f.pass(p)
				at += n
				p = p[n:]
				if f.between() != ends[at] {
					t.Fatalf("in pieces of %d: at %d between is %v", piece, at, f.between())
				}
			}
		}
	}
}

// FuzzFrames looks for a stream on which the pieces it comes in make a
// difference, or that is not passed to its end.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x81, 3, 'a', 'b', 'c', 0x88, 0x80, 1, 2, 3, 4}, uint8(2))
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 9}, uint8(1))
	f.Add([]byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 9}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		boundaries := func(piece int) []byte {
			var f frames
			marks := bytes.Repeat([]byte{'.'}, len(stream)+1)
			for at := 0; at < len(stream); {
				p := stream[at:min(at+piece, len(stream))]
				for len(p) > 0 {
					n := f.pass(p)
					if n < 1 || n > len(p) {
						t.Fatalf("%d of %d bytes passed", n, len(p))
					}
					p, at = p[n:], at+n
					if f.between() {
						marks[at] = '|'
					}
				}
			}
			return marks
		}
		whole := boundaries(max(1, len(stream)))
		if got := boundaries(int(piece) + 1); !bytes.Equal(got, whole) {
			t.Errorf("in pieces of %d: %s, whole: %s", int(piece)+1, got, whole)
		}
	})
}
