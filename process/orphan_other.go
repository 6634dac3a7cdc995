//go:build unix && !linux

package process

// AdoptOrphans is of Linux only; elsewhere, the app's group is all we see.
func AdoptOrphans() error { return nil }

// HideEnvironment is of Linux only.
func HideEnvironment() error { return nil }

func reapOrphans(int) {}

func childless() bool { return true }

func children() []int { return nil }
