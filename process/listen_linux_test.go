package process

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseTCP(t *testing.T) {
	table := `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:C000 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   3: nonsense
`
	want := []listener{
		{addr: netip.MustParseAddrPort("127.0.0.1:8080"), inode: 4711, user: 1000},
		{addr: netip.MustParseAddrPort("[::1]:80"), inode: 4713},
	}
	if got := parseTCP([]byte(table)); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPortHolder(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "127.0.0.9:0", "[::1]:0", ":0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		if got := PortHolder(port); !strings.HasPrefix(got, "process "+strconv.Itoa(os.Getpid())+" (") {
			t.Errorf("%s: got %q", address, got)
		}
		listener.Close()
	}
	if got := PortHolder(0); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestParseUnix(t *testing.T) {
	table := `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 47 /tmp/with a space 
0000000000000000: 00000003 00000000 00000000 0001 03 20480 /tmp/connected
0000000000000000: 00000002 00000000 00010000 0001 01 20481 @abstract
0000000000000000: 00000002 00000000 00010000 0001 01 20482
`
	want := []listener{{path: "/tmp/with a space ", inode: 47, user: -1}, {path: "@abstract", inode: 20481, user: -1}}
	if got := parseUnix([]byte(table)); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestListenersAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with a space")
	hosts := map[string]string{"tcp4": loopback, "tcp6": loopback6}
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "tcp": ":0", "unix": path} {
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		at := place{socket: path}
		if network != "unix" {
			// Another program may have the same port of the other address.
			at = place{port: listener.Addr().(*net.TCPAddr).Port, host: hosts[network]}
		}
		if got := holderOf(at); !strings.HasPrefix(got, "process "+strconv.Itoa(os.Getpid())+" (") {
			t.Errorf("%s: got %q", network, got)
		}
		listener.Close()
		if got := holderOf(at); got != "" {
			t.Errorf("%s: got %q after the end", network, got)
		}
	}
}

func FuzzParseTCP(f *testing.F) {
	f.Add([]byte("   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 1000 0 4711 1\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, l := range parseTCP(table) {
			if !l.addr.IsValid() {
				t.Errorf("%q: got %+v", table, l)
			}
		}
	})
}

func FuzzParseUnix(f *testing.F) {
	f.Add([]byte("0: 2 0 00010000 1 1 47 /tmp/x\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, l := range parseUnix(table) {
			if l.path == "" || strings.Contains(l.path, "\n") {
				t.Errorf("%q: got %+v", table, l)
			}
		}
	})
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) b) (c) S 1 12 12 0 -1"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if p, ok := parseStat(stat); ok && (p.pid < 1 || !strings.Contains(string(stat), "("+p.name+")")) {
			t.Errorf("%q: got %+v", stat, p)
		}
	})
}

func TestParseStat(t *testing.T) {
	want := info{pid: 12, parent: 1, group: 7, state: 'S', name: "a) b) (c"}
	if got, ok := parseStat([]byte("12 (a) b) (c) S 1 7 12 0 -1\n")); !ok || got != want {
		t.Errorf("got %+v, %t", got, ok)
	}
	self, ok := parseStat(must(os.ReadFile("/proc/self/stat")))
	if !ok || self.pid != os.Getpid() || self.parent != os.Getppid() || self.group != syscall.Getpgrp() {
		t.Errorf("got %+v, %t", self, ok)
	}
}

func TestCgroupFolder(t *testing.T) {
	const hybrid = "30 23 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n31 23 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n"
	const unified = "31 23 0:27 / /sys/fs/cgroup rw,nosuid shared:10 - cgroup2 cgroup2 rw\n"
	const bound = "31 23 0:27 /docker/4711 /sys/fs/cgroup\\040here ro - cgroup2 cgroup rw\n"
	for _, test := range []struct {
		mounts, membership, want string
		top                      bool
	}{
		{unified, "0::/user.slice/app.service\n", "/sys/fs/cgroup/user.slice/app.service", false},
		{unified, "0::/\n", "/sys/fs/cgroup", true},
		{hybrid, "9:memory:/x\n0::/\n", "/sys/fs/cgroup/unified", true},
		{hybrid, "9:memory:/x\n", "", false},
		{bound, "0::/docker/4711/inner\n", "/sys/fs/cgroup here/inner", false},
		{bound, "0::/docker/4711\n", "/sys/fs/cgroup here", true},
		{bound, "0::/docker/47110\n", "", false},
		{unified, "0::/../other\n", "", false},
		{"", "0::/\n", "", false},
		{"31 23\n", "0::/\n", "", false},
	} {
		if got, top := cgroupFolder([]byte(test.mounts), []byte(test.membership)); got != test.want || top != test.top {
			t.Errorf("%q: got %q, %t, want %q, %t", test.membership, got, top, test.want, test.top)
		}
	}
}

func FuzzCgroupFolder(f *testing.F) {
	f.Add([]byte("31 23 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"), []byte("0::/a\n"))
	f.Fuzz(func(_ *testing.T, mounts, membership []byte) { cgroupFolder(mounts, membership) })
}

// With a cgroup, what has left its group, session and parent is ended even
// where nothing else leads to it. Where this machine gives us none, that there
// is none does no harm.
func TestCgroupHoldsTheAppAndGoes(t *testing.T) {
	c := newCgroup()
	if c == nil {
		app, _ := start(t, "web", nil)
		await(t, app, Ready)
		return
	}
	c.remove()
	if exists(c.path) {
		t.Errorf("%s is left", c.path)
	}
	app, ended := start(t, "leaving twice", func(c *Config) { c.Orphans = false })
	await(t, app, Ready)
	child := childIn(t, awaitLog(t, app, "child "))
	app.Stop(syscall.SIGTERM)
	<-ended
	awaitGone(t, child)
}

// What a killed one of us left running is ended by the next start.
func TestCgroupOfAKilledSupervisorIsEnded(t *testing.T) {
	killed := newCgroup()
	if killed == nil {
		return // there is none to leave; see above
	}
	sleep := exec.Command("sleep", "300")
	sleep.SysProcAttr = attributes(killed)
	sleep.SysProcAttr.Pdeathsig = 0
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	killed.folder.Close() // as the kernel does
	long := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(killed.path, long, long); err != nil {
		t.Fatal(err)
	}
	next := newCgroup()
	next.remove()
	var exit *exec.ExitError
	if err := sleep.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("got %v", err)
	}
	if exists(killed.path) || exists(next.path) {
		t.Error("a cgroup is left")
	}
}

func TestExplainListeners(t *testing.T) {
	tcp := func(text string) listener { return listener{addr: netip.MustParseAddrPort(text)} }
	port, socket := place{port: 80}, place{socket: "/run/app"}
	for _, test := range []struct {
		want place
		have []listener
		told bool
		says string
	}{
		{port, nil, true, "it does not listen on any port yet"},
		{port, []listener{tcp("127.0.0.1:80")}, true, ""},
		{port, []listener{tcp("0.0.0.0:80"), tcp("127.0.0.1:81")}, true, ""},
		{port, []listener{tcp("[::1]:80")}, true, ""},
		{port, []listener{tcp("[::]:80")}, true, ""},
		{port, []listener{tcp("10.0.0.1:80")}, true, "it listens on port 80, but only on the address 10.0.0.1: let it listen on 127.0.0.1"},
		{port, []listener{tcp("0.0.0.0:81"), tcp("[::]:81"), tcp("127.0.0.1:82")}, true, "it listens on port 81, port 82 of 127.0.0.1, but not on port 80: put {port}"},
		{port, []listener{tcp("0.0.0.0:81")}, false, "it listens on port 81, but was not told to listen on port 80"},
		{port, []listener{{path: "/x"}}, true, "it listens on the unix socket /x, but not on port 80"},
		{socket, []listener{{path: "/run/app"}}, true, ""},
		{socket, []listener{{path: "/x"}, tcp("0.0.0.0:81")}, true, "it listens on port 81, the unix socket /x, but not on the unix socket /run/app: give it the path by {unix_socket}"},
	} {
		if got := explainListeners(test.want, test.have, test.told); !strings.HasPrefix(got, test.says) || (test.says == "") != (got == "") {
			t.Errorf("%v: got %q, want %q", test.have, got, test.says)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestSecurityAnotherUsersProgramIsNotTheApp(t *testing.T) {
	const own, appsOwn, other = 1000, 1001, 1002
	listens := func(addr string, user int) listener {
		return listener{addr: netip.MustParseAddrPort(addr), user: user}
	}
	at := place{port: 80, host: loopback}
	for _, test := range []struct {
		at   place
		have listener
		want bool
	}{
		{at, listens("127.0.0.1:80", own), false},
		{at, listens("127.0.0.1:80", 0), false},
		{at, listens("127.0.0.1:80", appsOwn), false},
		{at, listens("127.0.0.1:80", -1), false},
		{at, listens("127.0.0.1:80", other), true},
		{at, listens("0.0.0.0:80", other), true},
		{at, listens("[::]:80", other), true},
		{at, listens("[::1]:80", other), false}, // not who has answered
		{at, listens("127.0.0.1:81", other), false},
		{place{port: 80, host: loopback6}, listens("0.0.0.0:80", other), false},
		{place{port: 80, host: loopback6}, listens("[::1]:80", other), true},
		{place{port: 80}, listens("[::1]:80", other), true},
	} {
		if got := hasStranger(test.at, []listener{test.have}, own, func(user int) bool { return user == appsOwn }); got != test.want {
			t.Errorf("%+v, %+v: got %t", test.at, test.have, got)
		}
	}
}

// The family is looked for when an app is slow or has ended, on machines with
// many processes, too.
func BenchmarkFamily(b *testing.B) {
	r := &run{App: &App{}, cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
	for b.Loop() {
		r.family()
	}
}

func BenchmarkChildren(b *testing.B) {
	for b.Loop() {
		children()
	}
}
