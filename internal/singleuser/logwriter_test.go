package singleuser

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestALogThatNobodyReadsHoldsNothingUp(t *testing.T) {
	reader, writer := io.Pipe() // has no room at all
	log := newLogWriter(writer, "program")
	record := []byte(strings.Repeat("x", 1023) + "\n")
	for range 4 * logBacklog / len(record) {
		if _, err := log.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	read := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(reader)
		read <- all
	}()
	log.Close()
	<-log.done
	writer.Close()
	got := <-read
	if len(got) > 2*logBacklog+1024 || !bytes.Contains(got, []byte("lines of the log were left out")) {
		t.Errorf("%d bytes came through, with the last %q", len(got), got[max(0, len(got)-100):])
	}
}

func TestTheLogIsWrittenBeforeTheEnd(t *testing.T) {
	var out bytes.Buffer
	log := newLogWriter(&out, "program")
	_, _ = log.Write([]byte("a\n"))
	_, _ = log.Write([]byte("b\n"))
	log.Close()
	if out.String() != "a\nb\n" {
		t.Errorf("got %q", out.String())
	}
}
