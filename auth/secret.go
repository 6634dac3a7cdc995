package auth

import "log/slog"

// Secret is a string that must not be shown. Every way of printing it by
// accident gives a placeholder; Reveal gives the value to those who mean it.
type Secret string

const placeholder = "[secret]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String keeps fmt from showing the value.
func (s Secret) String() string { return placeholder }

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return placeholder }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText keeps encoders from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
