package process

import (
	"bytes"
	"unicode/utf8"
)

// maxLine is where a long line is cut in pieces, in bytes.
const maxLine = 8 << 10

// splitter makes lines of what comes in chunks. The line that it emits is only
// valid during the call; more says that the next one goes on with it.
type splitter struct {
	emit    func(line []byte, more bool)
	partial []byte
}

func (s *splitter) write(data []byte) {
	for len(data) > 0 {
		lineBreak := bytes.IndexByte(data, '\n')
		end := lineBreak
		if lineBreak < 0 {
			end = len(data)
		}
		if room := maxLine - len(s.partial); end > room {
			room = wholeRunes(data, room)
			s.give(data[:room], true)
			data = data[room:]
			continue
		}
		if lineBreak < 0 {
			s.partial = append(s.partial, data...)
			return
		}
		s.give(data[:lineBreak], false)
		data = data[lineBreak+1:]
	}
}

// flush emits what no line break has ended.
func (s *splitter) flush() {
	if len(s.partial) > 0 {
		s.give(nil, false)
	}
}

func (s *splitter) give(rest []byte, more bool) {
	line := rest
	if len(s.partial) > 0 {
		s.partial = append(s.partial, rest...)
		line = s.partial
	}
	if !more {
		line = bytes.TrimRight(line, "\r")
	}
	s.emit(line, more)
	s.partial = s.partial[:0]
}

// wholeRunes moves a cut of the data to where a character begins, if there is
// one near.
func wholeRunes(data []byte, cut int) int {
	for at := cut; at > 0 && at > cut-utf8.UTFMax; at-- {
		if utf8.RuneStart(data[at]) {
			return at
		}
	}
	return cut
}
