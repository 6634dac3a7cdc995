package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sumCounter adds up all series of a counter in Prometheus' text format.
func sumCounter(r io.Reader, name string) (float64, error) {
	var sum float64
	found := false
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || (!strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ")) {
			continue // another counter whose name begins like ours
		}
		// A label's value may hold blanks and braces; the number comes after the last.
		fields := strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])
		if len(fields) == 0 {
			return 0, fmt.Errorf("no value in %q", lines.Text())
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0, fmt.Errorf("no number in %q", lines.Text())
		}
		sum += value
		found = true
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("there is no counter %s", name)
	}
	return sum, nil
}
