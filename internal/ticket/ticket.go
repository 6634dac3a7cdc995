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
)

// Option is the name of the user option that holds a ticket.
const Option = "dashboard_ticket"

// Lifetime is how long the hub takes a ticket after it was issued. The hub asks
// for one with each start, so it need not be longer than a request takes.
const Lifetime = 5 * time.Minute

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

var encoding = base64.RawURLEncoding.Strict()

// Sign issues a ticket: its time and its nonce are set here.
func (s Signer) Sign(t Ticket) (string, error) {
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
	return payload + "." + encoding.EncodeToString(s.mac(payload)), nil
}

func (s Signer) mac(payload string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(payload))
	return mac.Sum(nil)
}

// errForged says no more, so that who tries learns nothing.
var errForged = errors.New("this is no ticket that was issued here, or it has expired")

// Verify reads a ticket for one user's server, as the hub does but for the
// nonce, which only the hub can remember.
func (s Signer) Verify(text, user, server string) (Ticket, error) {
	t, err := s.Read(text)
	now := s.now().Unix()
	if err != nil || t.User != user || t.Server != server || now > t.Expires || t.Issued > now+60 {
		return Ticket{}, errForged
	}
	return t, nil
}

// Read reads a ticket that was issued here, at whatever time and for whomever: it
// tells what was started by it.
func (s Signer) Read(text string) (Ticket, error) {
	payload, signature, ok := cutLast(text, ".")
	if !ok || !strings.HasPrefix(payload, version+".") {
		return Ticket{}, errForged
	}
	sent, err := encoding.DecodeString(signature)
	if err != nil || !hmac.Equal(sent, s.mac(payload)) {
		return Ticket{}, errForged
	}
	content, err := encoding.DecodeString(strings.TrimPrefix(payload, version+"."))
	var t Ticket
	if err != nil || json.Unmarshal(content, &t) != nil {
		return Ticket{}, errForged
	}
	return t, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}
