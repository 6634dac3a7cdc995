//go:build unix

package git

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func FuzzAddress(f *testing.F) {
	for _, repo := range []string{
		"https://example.org/x", "git@example.org:x/y", "https://a:b@example.org/x", "file:///srv/x", "/srv/x", "ext::sh", "-x", "ssh://-o/x", "https://example.org:443/x?token=y",
		"https://a'b@example.org/x", "ssh://a'b:c@example.org/x",
	} {
		f.Add(repo)
	}
	f.Fuzz(func(t *testing.T, repo string) {
		host, secure, err := checkAddress(repo, false)
		if err != nil {
			if dashboard.KindOf(err) != dashboard.Invalid {
				t.Errorf("%q: %v is nothing that somebody can mend", repo, err)
			}
			return
		}
		lower := strings.ToLower(repo)
		if host == "" || strings.HasPrefix(lower, "file://") || strings.HasPrefix(repo, "/") || strings.HasPrefix(repo, "-") || secure && !strings.HasPrefix(lower, "https:") {
			t.Errorf("%q is taken, as one of %q, secure: %v", repo, host, secure)
		}
		if secure && strings.Contains(strings.SplitN(repo, "/", 4)[2], "@") {
			t.Errorf("%q has a user", repo)
		}
		if at, err := url.Parse(repo); err == nil && at.User != nil {
			if _, found := at.User.Password(); found {
				t.Errorf("%q has a password", repo)
			}
		}
	})
}
