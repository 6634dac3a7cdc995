// Package ticket makes what a dashboard's server is started by: a statement of
// the builder's that the hub can trust, although it comes to the hub with options
// that any user can write (JupyterHub: user_options). The hub checks it in Python,
// see package hubconfig.
package ticket

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Option is the name of the user option that holds a ticket.
const Option = "dashboard_ticket"

// Lifetime is how long the hub takes a ticket after it was issued. The hub asks
// for one with each start, so it need not be longer than a request takes.
const Lifetime = 5 * time.Minute

// MaxSize is the largest ticket there is, in bytes: with what else is in a server's
// options it has to fit into the 64 KiB of a MySQL column of the hub's
// (JupyterHub orm.py, Spawner.user_options).
const MaxSize = 60 << 10

// MaxAhead is how far in the future a ticket may have been issued, by a clock that
// is wrong.
const MaxAhead = time.Minute

// Refused is what the hub's words for a ticket that it does not take begin with. They
// are the same for whoever asks, and its log says why.
const Refused = "This server belongs to a dashboard."

// version stands before every ticket, and in what is signed.
const version = "dashboard1"

// Ticket says what one server of one user runs. It holds no secrets: the hub
// keeps it, and shows it to whoever may see the server's options.
type Ticket struct {
	// User and Server are for whose server it is good; it is for no other.
	User   string `json:"user"`
	Server string `json:"server"`
	// Dashboard and Revision are what runs, and Title its name.
	Dashboard string `json:"dashboard"`
	Revision  int    `json:"revision"`
	Title     string `json:"title"`
	// Issued and Expires are in Unix seconds. Nonce makes it good for one start.
	Issued  int64  `json:"issued"`
	Expires int64  `json:"expires"`
	Nonce   string `json:"nonce"`
	// Arguments follow "dashboard-builder launch".
	Arguments []string `json:"arguments"`
	// Image, if not empty, is what the container is made of.
	Image string `json:"image,omitempty"`
	// Environment is added to the server's.
	Environment map[string]string `json:"environment,omitempty"`
}

// Signer signs by the service's token, which the hub knows as well.
type Signer struct {
	key []byte
	now func() time.Time
}

// NewSigner makes a signer. The key is derived, so that a signature tells nothing
// about the token.
func NewSigner(token string) Signer {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(version + " ticket key"))
	return Signer{mac.Sum(nil), time.Now}
}

// Ahead returns a signer that goes by the clock of a hub that is ahead of ours by
// so much: the hub judges times by its own.
func (s Signer) Ahead(skew time.Duration) Signer {
	now := s.now
	s.now = func() time.Time { return now().Add(skew) }
	return s
}

var encoding = base64.RawURLEncoding

// Sign issues a ticket: its time and its nonce are set here.
func (s Signer) Sign(t Ticket) (string, error) {
	if text, ok := t.invalidText(); ok {
		return "", fmt.Errorf("cannot write the ticket: %.100q is not UTF-8 text that a server can be started with", text)
	}
	now := s.now()
	t.Issued, t.Expires, t.Nonce = now.Unix(), now.Add(Lifetime).Unix(), rand.Text()
	if t.Arguments == nil {
		t.Arguments = []string{}
	}
	content, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("cannot write the ticket: %w", err)
	}
	payload := version + "." + encoding.EncodeToString(content)
	signed := payload + "." + s.signature(payload)
	if len(signed) > MaxSize {
		return "", fmt.Errorf("the ticket would have %d bytes, and the hub takes at most %d: give the dashboard fewer arguments, or the servers less environment", len(signed), MaxSize)
	}
	return signed, nil
}

// invalidText finds what JSON would alter, or no process can be given.
func (t Ticket) invalidText() (string, bool) {
	texts := append([]string{t.User, t.Server, t.Dashboard, t.Title, t.Image}, t.Arguments...)
	for name, value := range t.Environment {
		texts = append(texts, name, value)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return text, true
		}
	}
	return "", false
}

func (s Signer) signature(payload string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(payload))
	return encoding.EncodeToString(mac.Sum(nil))
}

// errForged says no more, so that who tries learns nothing.
var errForged = errors.New("this is no ticket that was issued here, or it has expired")

// Verify reads a ticket for one user's server, as the hub does but for the
// nonce, which only the hub can remember.
func (s Signer) Verify(text, user, server string) (Ticket, error) {
	t, err := s.Read(text)
	now := s.now().Unix()
	if err != nil || t.User != user || t.Server != server || now > t.Expires || t.Issued > now+int64(MaxAhead.Seconds()) {
		return Ticket{}, errForged
	}
	return t, nil
}

// Read reads a ticket that was issued here, at whatever time and for whomever: it
// tells what was started by it.
func (s Signer) Read(text string) (Ticket, error) {
	end := strings.LastIndexByte(text, '.')
	if len(text) > MaxSize || end < 0 || !strings.HasPrefix(text, version+".") {
		return Ticket{}, errForged
	}
	payload, signature := text[:end], text[end+1:]
	// The texts are compared: base64 has more than one for the same bytes.
	if !hmac.Equal([]byte(signature), []byte(s.signature(payload))) {
		return Ticket{}, errForged
	}
	content, err := encoding.DecodeString(strings.TrimPrefix(payload, version+"."))
	var t Ticket
	if err != nil || json.Unmarshal(content, &t) != nil {
		return Ticket{}, errForged
	}
	return t, nil
}
