package ticket

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// at is a signer whose clock stands.
func at(token string, now time.Time) Signer {
	s := NewSigner(token)
	s.now = func() time.Time { return now }
	return s
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func example() Ticket {
	return Ticket{
		User: "zoé", Server: "dashboard-sales-abc123", Dashboard: "abcdefghijkm", Revision: 3, Title: `Sales <"2026">`,
		Arguments: []string{"--workdir", "/srv/a b", "voila", "ü/n.ipynb", "--", "--x={port}", "$HOME"},
		Image:     "dashboards/abc:3", Environment: map[string]string{"A": "b\nc"},
	}
}

func sign(t testing.TB, s Signer, what Ticket) string {
	t.Helper()
	signed, err := s.Sign(what)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestSignedIsVerified(t *testing.T) {
	signer, want := at("secret", noon), example()
	signed := sign(t, signer, want)
	got, err := signer.Verify(signed, want.User, want.Server)
	if err != nil {
		t.Fatal(err)
	}
	want.Issued, want.Expires, want.Nonce = noon.Unix(), noon.Add(Lifetime).Unix(), got.Nonce
	if !reflect.DeepEqual(got, want) || got.Nonce == "" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	again, err := signer.Read(sign(t, signer, want))
	if err != nil || again.Nonce == got.Nonce {
		t.Errorf("two tickets have the nonce %q (%v)", again.Nonce, err)
	}
}

func TestSecurityTicketHoldsNoToken(t *testing.T) {
	const token = "a-token-that-nobody-should-see"
	signed := sign(t, NewSigner(token), example())
	content, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[1])
	if err != nil || strings.Contains(signed+string(content), token) {
		t.Errorf("%v, %s", err, content)
	}
	if other := at("another", noon).signature("dashboard1.e30"); other == at(token, noon).signature("dashboard1.e30") {
		t.Error("the token does not matter")
	}
}

// reseal puts other content under a true signature's form.
func reseal(s Signer, content string) string {
	payload := version + "." + encoding.EncodeToString([]byte(content))
	return payload + "." + s.signature(payload)
}

func TestSecurityForgedTicketIsRefused(t *testing.T) {
	signer, ticket := at("secret", noon), example()
	good := sign(t, signer, ticket)
	parts := strings.Split(good, ".")
	content, err := encoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	altered := encoding.EncodeToString([]byte(strings.Replace(string(content), "/srv/a b", "/srv/a c", 1)))
	// The last character of an unpadded signature has bits that say nothing.
	sameBytes := parts[2][:len(parts[2])-1] + string(parts[2][len(parts[2])-1]+1)
	for name, text := range map[string]string{
		"empty":                     "",
		"dots":                      "..",
		"no signature":              parts[0] + "." + parts[1],
		"empty signature":           parts[0] + "." + parts[1] + ".",
		"another key":               sign(t, at("other", noon), ticket),
		"altered content":           parts[0] + "." + altered + "." + parts[2],
		"altered signature":         parts[0] + "." + parts[1] + "." + flip(parts[2]),
		"signature's unused bits":   parts[0] + "." + parts[1] + "." + sameBytes,
		"signature with a new line": good + "\n",
		"signature padded":          good + "=",
		"another version":           "dashboard2." + parts[1] + "." + parts[2],
		"signed as another version": strings.Replace(reseal(signer, string(content)), version, "dashboard2", 1),
		"content not base64":        parts[0] + ".!." + signer.signature(parts[0]+".!"),
		"content not JSON":          reseal(signer, "{"),
		"content a list":            reseal(signer, "[]"),
		"content of another type":   reseal(signer, `{"user":1}`),
		"too large":                 reseal(signer, `{"title":"`+strings.Repeat("a", MaxSize)+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := signer.Read(text); err == nil || !reflect.DeepEqual(got, Ticket{}) {
				t.Errorf("read %+v", got)
			}
			if got, err := signer.Verify(text, ticket.User, ticket.Server); err == nil || !reflect.DeepEqual(got, Ticket{}) {
				t.Errorf("verified %+v", got)
			}
		})
	}
}

func flip(text string) string {
	first := byte('A')
	if text[0] == 'A' {
		first = 'B'
	}
	return string(first) + text[1:]
}

func TestSecurityTicketIsForOneServerOfOneUser(t *testing.T) {
	signer, ticket := at("secret", noon), example()
	signed := sign(t, signer, ticket)
	for _, other := range [][2]string{{"zoe", ticket.Server}, {"", ticket.Server}, {ticket.User, ""}, {ticket.User, "dashboard-sales"}, {ticket.Server, ticket.User}} {
		if _, err := signer.Verify(signed, other[0], other[1]); err == nil {
			t.Errorf("it is good for %q", other)
		}
	}
}

func TestSecurityTicketExpires(t *testing.T) {
	ticket := example()
	signed := sign(t, at("secret", noon), ticket)
	for _, test := range []struct {
		later time.Duration
		good  bool
	}{{0, true}, {Lifetime, true}, {Lifetime + time.Second, false}, {-MaxAhead, true}, {-MaxAhead - time.Second, false}} {
		if _, err := at("secret", noon.Add(test.later)).Verify(signed, ticket.User, ticket.Server); (err == nil) != test.good {
			t.Errorf("%s later: %v", test.later, err)
		}
	}
}

// A hub whose clock is an hour ahead would refuse all of our tickets.
func TestTicketIsIssuedByTheHubsClock(t *testing.T) {
	ticket := example()
	signed := sign(t, at("secret", noon).Ahead(time.Hour), ticket)
	if _, err := at("secret", noon.Add(time.Hour)).Verify(signed, ticket.User, ticket.Server); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeStartedIsNotSigned(t *testing.T) {
	for name, change := range map[string]func(*Ticket){
		"no UTF-8":        func(t *Ticket) { t.User = "a\xff" },
		"NUL in argument": func(t *Ticket) { t.Arguments = []string{"a\x00b"} },
		"NUL in variable": func(t *Ticket) { t.Environment = map[string]string{"A": "\x00"} },
		"too large":       func(t *Ticket) { t.Title = strings.Repeat("a", MaxSize) },
	} {
		ticket := example()
		change(&ticket)
		if signed, err := NewSigner("secret").Sign(ticket); err == nil || signed != "" || len(err.Error()) > 500 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWasAccepted(t *testing.T) {
	signer := NewSigner("secret")
	signed := sign(t, signer, example())
	read, err := signer.Read(signed)
	if err != nil {
		t.Fatal(err)
	}
	for options, want := range map[string]bool{
		fmt.Sprintf(`{%q:%q}`, Accepted, read.Nonce):     true,
		fmt.Sprintf(`{%q:%q}`, Accepted, read.Nonce+"x"): false,
		fmt.Sprintf(`{%q:%q}`, Option, signed):           false,
		fmt.Sprintf(`{%q:[%q]}`, Accepted, read.Nonce):   false,
		fmt.Sprintf(`{%q:null}`, Accepted):               false,
		"":                                               false, "null": false, "[]": false, "{": false,
	} {
		if got := WasAccepted(json.RawMessage(options), signed); got != want {
			t.Errorf("%s: got %v", options, got)
		}
	}
	for _, bad := range []string{"", ".", "dashboard1.e30.x", "dashboard1.!.x"} {
		if WasAccepted(json.RawMessage(fmt.Sprintf(`{%q:""}`, Accepted)), bad) {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// FuzzRead looks for a text that is taken although nobody signed it.
func FuzzRead(f *testing.F) {
	signer := at("secret", noon)
	good := reseal(signer, `{"user":"zoé","nonce":"n","arguments":["voila"]}`) // the same in every process
	f.Add(good)
	f.Add(reseal(at("other", noon), "{}"))
	f.Add("dashboard1..")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := signer.Read(text); err == nil && text != good {
			t.Errorf("%q gave %+v", text, got)
		}
		WasAccepted(json.RawMessage(text), good)
		WasAccepted(json.RawMessage(`{"dashboard_accepted":"x"}`), text)
	})
}
