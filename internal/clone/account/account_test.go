package account

import (
	"errors"
	"os"
	"os/user"
	"strings"
	"testing"
)

func TestParsePasswd(t *testing.T) {
	t.Parallel()
	got, err := parsePasswd("ada:x:1000:1001:Ada,,,:/home/ada:/bin/bash\n", "ada")
	if err != nil || got.UID != 1000 || got.GID != 1001 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSecurityNobodyIsSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"1000":  "ada:x:1000:1000::/home/ada:/bin/sh\n",
		"+1000": "ada:x:1000:1000::/home/ada:/bin/sh\n",
		"Ada":   "ada:x:1000:1000::/home/ada:/bin/sh\n",
		"":      ":x:1000:1000::/home/ada:/bin/sh\n",
		"root":  "root:x:0:0:root:/root:/bin/bash\n",
		"toor":  "toor:x:00:0:root:/root:/bin/bash\n",
		"ada":   "ada:x:-1:1000::/home/ada:/bin/sh\n",
		"bob":   "bob:x:4294967295:1000::/home/bob:/bin/sh\n",
		"eve":   "eve:x:1000:1000::/home/eve\n",
		"a:b":   "a:b:x:1000:1000::/home/eve:/bin/sh\n",
		"two":   "two:x:1:1::/:/bin/sh\ntwo:x:2:2::/:/bin/sh\n",
	} {
		if got, err := parsePasswd(line, name); err == nil {
			t.Errorf("%q is taken for %+v", name, got)
		}
	}
}

func FuzzParsePasswd(f *testing.F) {
	f.Add("ada:x:1000:1001:Ada,,,:/home/ada:/bin/bash\n", "ada")
	f.Fuzz(func(t *testing.T, line, name string) {
		got, err := parsePasswd(line, name)
		if err == nil && (got.UID <= 0 || got.GID < 0 || !strings.HasPrefix(line, name+":")) {
			t.Errorf("%+v of %q for %q", got, line, name)
		}
	})
}

func TestSystem(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"", "ada", "{username}{username}"} {
		if _, err := System(template); err == nil {
			t.Errorf("%q is taken", template)
		}
	}
	lookup, err := System("{username}")
	if err != nil {
		t.Fatal(err)
	}
	// Each machine has this one, see the Linux Standard Base.
	known, err := user.Lookup("daemon")
	if err != nil {
		t.Fatal(err)
	}
	got, err := lookup(t.Context(), "daemon")
	if err != nil || len(got.Groups) == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, nobody := range []string{known.Uid, "root", "-v", "--help", "", "nobody here", "daemon\x00", "daemon\n"} {
		if got, err := lookup(t.Context(), nobody); err == nil {
			t.Errorf("%q is taken for %+v", nobody, got)
		}
	}
}

func TestWithoutAnAccount(t *testing.T) {
	t.Parallel()
	var nobody *Account
	failed := errors.New("failed")
	if err := nobody.Do(func() error { return failed }); err != failed {
		t.Errorf("%v", err)
	}
	for _, a := range []Account{{UID: 0, GID: 0}, {UID: -1, GID: 1}, {UID: 1, GID: -1}, {UID: 1, GID: 1, Groups: []int{-1}}} {
		if err := a.Do(func() error { return nil }); err == nil {
			t.Errorf("%+v is taken", a)
		}
	}
	if os.Geteuid() != 0 && Check() == nil {
		t.Error("anybody can work as others")
	}
}
