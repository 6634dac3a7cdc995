package process

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
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

func TestRingKeepsLinesWholeAtItsSeam(t *testing.T) {
	var ring Ring
	for i := range 1000 {
		line := strings.Repeat(fmt.Sprint(i, " "), 300)
		ring.Add([]byte(line))
		if got := ring.Lines(1); len(got) != 1 || got[0] != line {
			t.Fatalf("line %d became %.60q", i, got)
		}
		for back, got := range ring.Lines(10) {
			if n := min(10, i+1); got != strings.Repeat(fmt.Sprint(i-n+1+back, " "), 300) {
				t.Fatalf("%d lines after it, a line became %.60q", n-1-back, got)
			}
		}
	}
}

func TestRingTakesTheEndOfAHugeLine(t *testing.T) {
	var ring Ring
	ring.Add([]byte("before"))
	ring.Add([]byte("x" + strings.Repeat("y", ringBytes)))
	if got := ring.Lines(9); len(got) != 1 || got[0] != strings.Repeat("y", ringBytes) {
		t.Errorf("got %.60q", got)
	}
}

func TestRingTakesBinary(t *testing.T) {
	var ring Ring
	ring.Add([]byte("a\xff\xfeb\x00"))
	if got := ring.Lines(1)[0]; got != "a\uFFFDb\x00" {
		t.Errorf("got %q", got)
	}
}

func TestSplitter(t *testing.T) {
	long := strings.Repeat("y", 3*maxLine)
	text := "one\r\n\ntwo\n" + long + "\nlast"
	for _, size := range []int{1, 3, 100, maxLine, len(text)} {
		var got []string
		var joined strings.Builder
		pieces := 0
		split := splitter{emit: func(line []byte, more bool) {
			pieces++
			if joined.Write(line); !more {
				got = append(got, joined.String())
				joined.Reset()
			}
			if len(line) > maxLine {
				t.Errorf("a piece of %d bytes", len(line))
			}
		}}
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			split.write(rest[:min(size, len(rest))])
		}
		split.flush()
		if want := []string{"one", "", "two", long, "last"}; !slices.Equal(got, want) || pieces != len(want)+2 {
			t.Errorf("in chunks of %d: %d pieces, %.60q", size, pieces, got)
		}
	}
}

func TestSplitterKeepsCharactersWhole(t *testing.T) {
	split := splitter{emit: func(line []byte, _ bool) {
		if !utf8.Valid(line) {
			t.Errorf("a piece ends with % x", line[len(line)-3:])
		}
	}}
	split.write([]byte(strings.Repeat("x", maxLine-1) + strings.Repeat("…", maxLine)))
	split.flush()
}

// An app's last words are read, however late we come to it, and though somebody
// else still holds its pipe.
func TestTheEndAwaitsWhatWasWritten(t *testing.T) {
	for range 100 {
		o, err := newOutput()
		if err != nil {
			t.Fatal(err)
		}
		const last = "last words"
		text := strings.Repeat("x", readSize-len(last)-2) + "\n" + last + "\n"
		if _, err := io.WriteString(o.write[1], text); err != nil {
			t.Fatal(err)
		}
		var ring Ring
		o.drain(&ring, newQueue(nil, nil))
		o.finish()
		o.closeWrite()
		if got := ring.Lines(1); len(got) != 1 || got[0] != last {
			t.Fatalf("got %.60q", got)
		}
	}
}

// FuzzSplitter looks for bytes that are lost, made up, or too many at once.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("a\nb\r\n"), 2)
	f.Add(bytes.Repeat([]byte("…"), maxLine), maxLine-1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			return
		}
		var got []byte
		split := splitter{emit: func(line []byte, more bool) {
			if len(line) > maxLine {
				t.Fatalf("a piece of %d bytes", len(line))
			}
			if got = append(got, line...); !more {
				got = append(got, '\n')
			}
		}}
		for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			split.write(rest[:min(size, len(rest))])
		}
		split.flush()
		without := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r"), nil) }
		if want := without(bytes.TrimSuffix(data, []byte("\n"))); !bytes.Equal(without(bytes.TrimSuffix(got, []byte("\n"))), want) {
			t.Errorf("%q became %q", data, got)
		}
	})
}
