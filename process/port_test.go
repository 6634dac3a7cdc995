package process

import (
	"net"
	"os"
	"testing"
)

// JupyterHub finds its servers' ports among those that the kernel gives away.
func TestSecurityAppsTakeNoPortThatTheHubMayGiveToAnother(t *testing.T) {
	lowest, highest := portRange(os.ReadFile)
	if highest == 0 {
		t.Fatal("this machine's kernel gives away nearly all ports")
	}
	for range 200 {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		if port < lowest || port > highest {
			t.Fatalf("got %d, which is not from %d to %d", port, lowest, highest)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if given := listener.Addr().(*net.TCPAddr).Port; given <= highest {
		t.Errorf("the kernel gave %d, which is not above %d", given, highest)
	}
}

func TestPortRange(t *testing.T) {
	for content, want := range map[string][2]int{
		"32768\t60999\n":       {16384, 32767},
		"49152\t65535\n":       {24576, 49151},
		"1024\t65000\n":        {0, 0},
		"":                     {16384, 32767},
		"x y":                  {16384, 32767},
		"99999999999999999999": {16384, 32767},
		"99999 100000":         {0, 0},
		"-5 7":                 {0, 0},
	} {
		lowest, highest := portRange(func(string) ([]byte, error) { return []byte(content), nil })
		if got := [2]int{lowest, highest}; got != want {
			t.Errorf("%q: got %v, want %v", content, got, want)
		}
	}
	lowest, highest := portRange(func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if lowest != 16384 || highest != 32767 {
		t.Errorf("elsewhere: %d to %d", lowest, highest)
	}
}
