package thumbnail

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// browserThat answers whatever it is told with the same.
func browserThat(t *testing.T, answers string) *devtools {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirIn.Close(); ourOut.Close(); ourIn.Close() })
	go func() {
		_, _ = bufio.NewReader(theirIn).ReadString(0)
		_, _ = theirOut.WriteString(answers)
		theirOut.Close()
	}()
	return &devtools{to: ourOut, from: bufio.NewReader(ourIn)}
}

func TestCall(t *testing.T) {
	var result struct{ Data []byte }
	tools := browserThat(t, `{"method":"Page.loaded","params":{}}`+"\x00"+`{"id":7,"result":{}}`+"\x00"+`{"id":1,"result":{"data":"aGk="}}`+"\x00")
	if err := tools.call("s", "Page.captureScreenshot", map[string]any{"format": "jpeg"}, &result); err != nil || string(result.Data) != "hi" {
		t.Errorf("got %q, %v", result.Data, err)
	}
	for want, answers := range map[string]string{
		"would not do":    `{"id":1,"error":{"message":"no"}}` + "\x00",
		"cannot be read":  "nonsense\x00",
		"does not answer": `{"id":1,"result"`,
		"unexpected EOF":  "",
	} {
		err := browserThat(t, answers).call("", "X", nil, &result)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", answers, err, want)
		}
	}
}
