package main

import (
	"strings"
	"testing"
)

// What wrk does not call an error must be one here.
func TestOnlyGoodAnswersCount(t *testing.T) {
	const good = `RESULT {"requests":10,"bytes":12000,"micros":2000000,"p50":400,"p99":900,"connect":0,"read":0,"write":0,"timeout":0,"status":0}`
	got, err := parseWrk("Running 2s test\n"+good+"\n", 1024)
	if err != nil || got.requests != 10 || got.seconds != 2 || got.p50.Microseconds() != 400 || got.p99.Microseconds() != 900 {
		t.Errorf("a good run is read as %+v, %v", got, err)
	}
	for name, out := range map[string]string{
		"redirects to a login page": strings.Replace(good, `"bytes":12000`, `"bytes":4000`, 1),
		"an error status":           strings.Replace(good, `"status":0`, `"status":1`, 1),
		"a broken connection":       strings.Replace(good, `"read":0`, `"read":1`, 1),
		"a timeout":                 strings.Replace(good, `"timeout":0`, `"timeout":1`, 1),
		"no answer at all":          strings.Replace(good, `"requests":10`, `"requests":0`, 1),
		"no result":                 "unable to connect",
	} {
		if _, err := parseWrk(out, 1024); err == nil {
			t.Errorf("%s passes for a good run", name)
		}
	}
}
