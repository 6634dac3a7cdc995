package auth

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stopClock has the limits go by a time that only the test moves.
func (w *world) stopClock() *time.Time {
	now := time.Now()
	w.gate.now = func() time.Time { return now }
	return &now
}

func TestSecurityGuessingIsLimited(t *testing.T) {
	w := newWorld(t, nil)
	now := w.stopClock()
	cookie, _ := w.signIn("ada-token", home)
	w.hub.asked = 0
	codes := map[int]int{}
	for i := range 500 {
		codes[w.do("GET", home, fmt.Sprintf("Authorization: token guess-%d", i), "X-Forwarded-For: 198.51.100.1").StatusCode]++
	}
	if codes[401] != 50 || codes[429] != 450 {
		t.Errorf("500 guesses of one address gave %v", codes)
	}
	if w.hub.asked != codes[401] {
		t.Errorf("the hub was asked %d times", w.hub.asked)
	}
	resp := w.do("GET", home, "Authorization: token one-more", "X-Forwarded-For: 198.51.100.1")
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
	}
	// Others are not held up by it, and who is in stays in.
	if resp := w.do("GET", home, "Authorization: token ada-token", "X-Forwarded-For: 198.51.100.2"); resp.StatusCode != 200 {
		t.Errorf("another address: %s", resp.Status)
	}
	if resp := w.do("GET", home, "Cookie: "+cookie, "X-Forwarded-For: 198.51.100.1"); resp.StatusCode != 200 {
		t.Errorf("who is in: %s", resp.Status)
	}
	*now = now.Add(time.Second)
	codes = map[int]int{}
	for i := range 10 {
		codes[w.do("GET", home, fmt.Sprintf("Authorization: token later-%d", i), "X-Forwarded-For: 198.51.100.1").StatusCode]++
	}
	if codes[401] != 5 || codes[429] != 5 {
		t.Errorf("10 guesses a second later gave %v", codes)
	}
}

func TestSecurityGuessingFromManyAddressesIsLimited(t *testing.T) {
	w := newWorld(t, nil)
	w.stopClock()
	codes := map[int]int{}
	for i := range 1000 {
		codes[w.do("GET", home, fmt.Sprintf("Authorization: token guess-%d", i), fmt.Sprintf("X-Forwarded-For: 10.0.%d.%d", i/250, i%250)).StatusCode]++
	}
	if codes[401] != 200 || codes[429] != 800 {
		t.Errorf("1000 guesses gave %v", codes)
	}
}

func TestSecurityCallbackIsLimited(t *testing.T) {
	w := newWorld(t, nil)
	w.stopClock()
	begin := w.do("GET", home, navigate)
	callback := w.hub.authorize(t, begin.Header.Get("Location"), "ada-token")
	codes := map[int]int{}
	for range 400 {
		codes[w.do("GET", strings.Replace(callback, "code=", "code=made-up-", 1), navigate, "Cookie: "+cookieHeader(begin)).StatusCode]++
	}
	// 200 at once may log in from one address: a class that follows a link.
	if codes[403] != 200 || codes[429] != 200 {
		t.Errorf("400 calls with made-up codes gave %v", codes)
	}
}

func TestSecurityAddressesRememberedAreBounded(t *testing.T) {
	l := tokenLimits()
	r := httptest.NewRequest("GET", "/", nil)
	for i := range 3 * maxAddresses {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		l.permit(r, time.Now())
	}
	if len(l.each) > maxAddresses {
		t.Errorf("%d addresses are remembered", len(l.each))
	}
}

func TestVisitorAddress(t *testing.T) {
	for forwarded, want := range map[string]string{
		"": "192.0.2.9", "1.2.3.4": "1.2.3.4", "6.6.6.6, 1.2.3.4": "1.2.3.4", "::1": "::1", "junk": "192.0.2.9", "1.2.3.4, ": "192.0.2.9",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.9:1"
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		if got := visitorAddress(r); got != want {
			t.Errorf("%q: got %q", forwarded, got)
		}
	}
}
