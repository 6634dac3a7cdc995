package main

import (
	"strings"
	"testing"
)

func TestSumCounter(t *testing.T) {
	const text = `# HELP calls_total Calls, by endpoint {and} code.
# TYPE calls_total counter
calls_total{endpoint="a b",code="200"} 3
calls_total{endpoint="x",code="error"} 2
calls_total_of_others 4 1700000000
other 9
`
	got, err := sumCounter(strings.NewReader(text), "calls_total")
	if err != nil || got != 5 {
		t.Errorf("the sum is %v, %v", got, err)
	}
	if _, err := sumCounter(strings.NewReader(text), "no_such_total"); err == nil {
		t.Error("a counter that is not there has a sum: a renamed one would always be 0")
	}
}
