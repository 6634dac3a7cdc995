package singleuser

import (
	"io"
	"log/slog"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

func newLog(o *options, stderr io.Writer) *slog.Logger {
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

// appOutput shows what the app writes: as records, for machines, or as it is,
// where a traceback is for a person's eyes. raw is byte for byte.
func appOutput(o *options, log *slog.Logger, stderr io.Writer) (lines, raw process.Sink) {
	switch {
	case !o.logs:
		return nil, nil
	case o.appLog == "raw":
		// A log that cannot be written has no other place; the same below.
		return nil, func(p process.Piece) { _, _ = stderr.Write(p.Data) }
	case o.appLog == "records" || o.logFormat == "json":
		return func(p process.Piece) {
			log.Info(string(p.Data), "from", "app", "stream", p.Stream, "read", p.Time)
		}, nil
	}
	var buffer []byte
	return func(p process.Piece) {
		buffer = append(buffer[:0], p.Data...)
		if !p.More {
			buffer = append(buffer, '\n')
		}
		_, _ = stderr.Write(buffer)
	}, nil
}
