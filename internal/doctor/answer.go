package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRoot bounds what is read of the hub's answers, in bytes.
const maxRoot = 64 << 10

// checkAnswer asks the hub's API for its version, which needs no token.
func (h *hubVisit) checkAnswer(ctx context.Context, report report) {
	defer close(h.answered.done)
	if !after(ctx, h.secured, h.answered, report) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	begun := time.Now()
	answer, err := h.ask(ctx, http.MethodGet, "", nil)
	if err != nil {
		message, advice := fmt.Sprintf("The hub's API took the question, but gave no answer: %s.", clip(reason(err), 200)), "See the hub's log; if something stands before the hub, see that one's."
		if h.url.Scheme == "http" && h.isSecure() {
			message, advice = h.wantsTLS()
		} else if isTimeout(err) {
			message, advice = fmt.Sprintf("The hub's API did not answer within %s.", stepLimit), "The hub is overloaded, or hangs: see its log. If it is only slow, logins are, too."
		}
		report(h.bad, message, advice)
		return
	}
	took := time.Since(begun)
	if date, err := http.ParseTime(answer.header.Get("Date")); err == nil {
		// A Date is cut off to the second, and was made on the way.
		h.root.date, h.root.skew = date, date.Add(time.Second/2).Sub(begun.Add(took/2))
	}
	var root struct{ Version string }
	if answer.status == http.StatusOK && json.Unmarshal(answer.body, &root) == nil && root.Version != "" {
		h.root.version = root.Version
		h.answered.ok = true
		if took > h.e.Slow {
			report(Warning, fmt.Sprintf("The hub's API answers, but took %s.", took.Round(100*time.Millisecond)), "Every login waits for several such answers: see what the hub is busy with.")
			return
		}
		report(OK, fmt.Sprintf("The hub's API answers, after %s.", took.Round(time.Millisecond)), "")
		return
	}
	message, advice := h.notAHub(answer)
	report(h.bad, message, advice)
}

func (h *hubVisit) wantsTLS() (message, advice string) {
	return fmt.Sprintf("%s speaks TLS, but JUPYTERHUB_API_URL is http.", h.address), "With c.JupyterHub.internal_ssl the hub says https by itself: leave the variable to it."
}

// notAHub says what an answer means that is not a hub's.
func (h *hubVisit) notAHub(answer *hubAnswer) (message, advice string) {
	isHub := answer.header.Get("X-JupyterHub-Version") != ""
	where := h.e.env.APIURL
	switch status := answer.status; {
	case status == http.StatusBadRequest && h.url.Scheme == "http" && h.isSecure():
		return h.wantsTLS() // as nginx and Go say it
	case status >= 300 && status < 400:
		to := answer.header.Get("Location")
		if parsed, err := url.Parse(to); err == nil {
			parsed.RawQuery, parsed.Fragment = "", ""
			to = parsed.String()
		}
		return fmt.Sprintf("%s sends on to %s, which no hub's API does.", where, clip(to, 200)), "A proxy or login page stands before the hub. JUPYTERHUB_API_URL has to lead to the hub itself: see c.JupyterHub.hub_connect_url."
	case status == http.StatusNotFound && isHub:
		return fmt.Sprintf("A hub is there, but not at %s.", where), "The path has to be that of c.JupyterHub.base_url, and then hub/api."
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return fmt.Sprintf("%s answered %d: something stands before the hub, and does not reach it.", where, status), "See whether the hub runs. JUPYTERHUB_API_URL should lead to the hub itself (c.JupyterHub.hub_bind_url), not to its proxy."
	case status == http.StatusProxyAuthRequired, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Sprintf("%s answered %d, but a hub tells its version to everybody.", where, status), "Something stands before the hub that wants a login of its own; let calls of the API from this server through."
	case answer.isHTML():
		return fmt.Sprintf("%s answered %d with an HTML page, where a hub's API answers with JSON.", where, status), "JUPYTERHUB_API_URL leads to something else: compare it with c.JupyterHub.hub_connect_url."
	default:
		return fmt.Sprintf("%s answered %d with something that is no hub's: %q.", where, status, clip(string(answer.body), 60)), "JUPYTERHUB_API_URL leads to something else: compare it with c.JupyterHub.hub_connect_url."
	}
}

// hubAnswer is an answer that was read, at least its beginning.
type hubAnswer struct {
	status int
	header http.Header
	body   []byte
}

func (a *hubAnswer) isHTML() bool {
	return strings.HasPrefix(strings.TrimSpace(a.header.Get("Content-Type")), "text/html") || strings.HasPrefix(strings.TrimSpace(string(a.body)), "<")
}

// ask calls the hub's API as this program does, but looks at all of the answer.
func (h *hubVisit) ask(ctx context.Context, method, path string, form url.Values) (*hubAnswer, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(h.e.env.APIURL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "jhsingle-native-proxy doctor")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := h.transport.RoundTrip(request) // follows no redirect
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxRoot))
	if err != nil {
		return nil, err
	}
	return &hubAnswer{response.StatusCode, response.Header, text}, nil
}
