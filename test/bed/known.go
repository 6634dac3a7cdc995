package bed

import (
	"net/http"
	"strings"
)

// Known is a hub that somebody else has started, and so stops: its address, the
// password of everybody, and the token of a service that may administer users,
// servers and tokens.
func Known(url, password, serviceToken string) *Hub {
	_, host, _ := strings.Cut(url, "://")
	return &Hub{
		URL: url, Host: host, Password: password, serviceToken: serviceToken,
		close: func() error { return nil }, client: &http.Client{Transport: newTransport()},
	}
}
