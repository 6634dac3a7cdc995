package main

import (
	"io"
	"log/slog"
	"sync"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

func newLog(o options, stderr io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}

// appOutput shows the app's lines: as they are in a text log, where a
// traceback is for a person's eyes, and as records in a JSON log.
func appOutput(o options, log *slog.Logger, stderr io.Writer) process.Sink {
	switch {
	case !o.logs:
		return nil
	case o.logFormat == "json":
		return func(stream string, line []byte) { log.Info(string(line), "from", "app", "stream", stream) }
	}
	var mu sync.Mutex
	var buffer []byte
	return func(_ string, line []byte) {
		mu.Lock()
		defer mu.Unlock()
		buffer = append(append(buffer[:0], line...), '\n')
		_, _ = stderr.Write(buffer) // a log that cannot be written has no other place
	}
}
