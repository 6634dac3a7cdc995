//go:build unix && !linux

package process

import "time"

// AdoptOrphans is of Linux only; elsewhere, the app's group is all we see.
func AdoptOrphans() error { return nil }

// HideEnvironment is of Linux only.
func HideEnvironment() error { return nil }

func reapOrphans(int) {}

func endOrphans(time.Duration) {}
