package process

import (
	"strings"
	"sync"
)

const (
	// ringLines and ringBytes bound what is remembered of an app's output.
	ringLines = 400
	ringBytes = 64 << 10
)

// Ring remembers the last lines that an app wrote. It is safe for concurrent
// use, and its size is fixed whatever the app writes: to remember a line is to
// copy it, so that a burst of output costs little.
type Ring struct {
	mu      sync.Mutex
	data    [ringBytes]byte
	from    int            // where the oldest line's bytes begin
	lengths [ringLines]int // of the lines, whose bytes follow each other
	first   int            // the oldest line's length
	count   int
	bytes   int
}

// Add appends a line without its line break. One that is longer than the ring
// loses its beginning.
func (r *Ring) Add(line []byte) {
	line = line[max(0, len(line)-ringBytes):]
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.count > 0 && (r.count == ringLines || r.bytes+len(line) > ringBytes) {
		oldest := r.lengths[r.first]
		r.from = (r.from + oldest) % ringBytes
		r.first = (r.first + 1) % ringLines
		r.bytes -= oldest
		r.count--
	}
	at := (r.from + r.bytes) % ringBytes
	n := copy(r.data[at:], line)
	copy(r.data[:], line[n:])
	r.lengths[(r.first+r.count)%ringLines] = len(line)
	r.count++
	r.bytes += len(line)
}

// Lines returns the last lines, oldest first, at most max of them. What is no
// UTF-8 in them is replaced.
func (r *Ring) Lines(max int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := make([]string, 0, min(max, r.count))
	at := r.from
	for i := range r.count {
		length := r.lengths[(r.first+i)%ringLines]
		if i >= r.count-max {
			end := at + length
			text := string(r.data[at:min(end, ringBytes)])
			if end > ringBytes {
				text += string(r.data[:end-ringBytes])
			}
			lines = append(lines, strings.ToValidUTF8(text, "\uFFFD"))
		}
		at = (at + length) % ringBytes
	}
	return lines
}
