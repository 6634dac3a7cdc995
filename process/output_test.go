package process

import (
	"fmt"
	"strings"
	"testing"
)

func TestRingKeepsTheLastLines(t *testing.T) {
	var ring Ring
	for i := range ringLines + 10 {
		ring.Add([]byte(fmt.Sprint("line ", i)))
	}
	lines := ring.Lines(ringLines * 2)
	if len(lines) != ringLines || lines[0] != "line 10" || lines[len(lines)-1] != fmt.Sprint("line ", ringLines+9) {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
	if got := ring.Lines(2); len(got) != 2 || got[1] != lines[len(lines)-1] {
		t.Errorf("got %q", got)
	}
}

func TestRingIsBoundedInBytes(t *testing.T) {
	var ring Ring
	for range 1000 {
		ring.Add([]byte(strings.Repeat("x", maxLine)))
	}
	total := 0
	for _, line := range ring.Lines(ringLines) {
		total += len(line)
	}
	if total > ringBytes {
		t.Errorf("%d bytes, want at most %d", total, ringBytes)
	}
}

func TestRingTakesBinary(t *testing.T) {
	var ring Ring
	ring.Add([]byte("a\xff\xfeb\x00"))
	if got := ring.Lines(1)[0]; got != "a\uFFFDb\x00" {
		t.Errorf("got %q", got)
	}
}

func TestEachLine(t *testing.T) {
	long := strings.Repeat("y", 3*maxLine)
	var got []string
	eachLine(strings.NewReader("one\r\n\ntwo\n"+long+"\nlast"), func(line []byte) { got = append(got, string(line)) })
	if got[0] != "one" || got[1] != "" || got[2] != "two" || got[len(got)-1] != "last" {
		t.Errorf("got %.60q", got)
	}
	if joined := strings.Join(got[3:len(got)-1], ""); joined != long {
		t.Errorf("a long line of %d bytes became %d", len(long), len(joined))
	}
}
