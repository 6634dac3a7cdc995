package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine names what the figures were measured on, which is half of what they
// mean.
func machine(ctx context.Context) string {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	goVersion, err := output(ctx, "go", "env", "GOVERSION")
	if err != nil {
		goVersion = runtime.Version()
	}
	return fmt.Sprintf("%s, %d cores (%s), kernel %s, %s, load average %s before the run",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), processor(), strings.TrimSpace(string(kernel)), goVersion, loadAverage())
}

// loadAverage tells whether the machine had something else to do: figures of a
// run beside which a test suite ran are worth little.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
