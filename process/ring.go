package process

import (
	"strings"
	"sync"
)

const (
	// ringLines and ringBytes bound what is remembered of an app's output.
	ringLines = 400
	ringBytes = 64 << 10
	// maxLine is where a long line is cut in pieces.
	maxLine = 8 << 10
)

// Ring remembers the last lines that an app wrote. It is safe for concurrent
// use, and its size is bounded whatever the app writes.
type Ring struct {
	mu    sync.Mutex
	lines [ringLines]string
	first int
	count int
	bytes int
}

// Add appends a line without its line break.
func (r *Ring) Add(line []byte) {
	text := strings.ToValidUTF8(string(line), "\uFFFD")
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.count > 0 && (r.count == ringLines || r.bytes+len(text) > ringBytes) {
		r.bytes -= len(r.lines[r.first])
		r.lines[r.first] = ""
		r.first = (r.first + 1) % ringLines
		r.count--
	}
	r.lines[(r.first+r.count)%ringLines] = text
	r.count++
	r.bytes += len(text)
}

// Lines returns the last lines, oldest first, at most max of them.
func (r *Ring) Lines(max int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(max, r.count)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = r.lines[(r.first+r.count-n+i)%ringLines]
	}
	return lines
}
