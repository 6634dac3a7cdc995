package doctor

import (
	"slices"
	"strings"
	"testing"
)

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:22B8 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
`

func TestListeningSockets(t *testing.T) {
	if got := listening(strings.NewReader(table), 8888); !slices.Equal(got, []string{"111"}) {
		t.Errorf("got %q", got)
	}
	if got := listening(strings.NewReader(table), 80); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

// FuzzListening looks for a panic: the kernel's table grows by columns.
func FuzzListening(f *testing.F) {
	f.Add(table, uint16(22))
	f.Fuzz(func(_ *testing.T, text string, port uint16) { listening(strings.NewReader(text), port) })
}
