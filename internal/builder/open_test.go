package builder

import (
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// A hub tells a path, or all of the address where users have domains of their own; all
// of it in another field since JupyterHub 5.
func TestWhereABrowserFindsAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.HubURL = func(path string) string { return "https://hub.example.org" + path } })
	for name, test := range map[string]struct {
		known hub.Server
		want  string
	}{
		"not there yet":                    {hub.Server{}, "https://hub.example.org/user/ada%20l/sales/"},
		"a path":                           {hub.Server{URL: "/user/ada%20l/sales/"}, "https://hub.example.org/user/ada%20l/sales/"},
		"a domain":                         {hub.Server{URL: "https://ada.hub.example.org/user/ada/sales/"}, "https://ada.hub.example.org/user/ada/sales/"},
		"a domain, as JupyterHub 5 has it": {hub.Server{URL: "https://a/", FullURL: "https://ada.hub.example.org/user/ada/sales/"}, "https://ada.hub.example.org/user/ada/sales/"},
	} {
		if got := w.address(test.known, "ada l", "sales"); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}
