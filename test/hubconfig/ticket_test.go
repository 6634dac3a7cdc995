//go:build e2e

package hubconfig

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// What a ticket says is what runs, word by word.
func TestTicketStartsADashboard(t *testing.T) {
	t.Parallel()
	const user, server = "ann@host é", "dashboard-sales-abc123"
	as := shared.as(t, "ann@host%20%C3%A9")
	permit := shared.permit(user, server, "voila", "ü/\"n'.ipynb", "--", "--x={port}", "$HOME", "%s", "", "a\nb", "{USERNAME}", "$(HOME)")
	permit.Environment = map[string]string{"LABEL": "a=b\n{username} é", "HOOK_OF_BEFORE": "overruled"}
	signed := sign(t, shared.signer, permit)
	shared.mustStart(t, as, user, server, withTicket(signed))

	ran := shared.lastRun(t, user, server, 1)
	shared.wantArguments(t, ran, append([]string{"launch"}, permit.Arguments...)...)
	for name, want := range permit.Environment {
		if ran.Environment[name] != want {
			t.Errorf("%s is %q, not %q", name, ran.Environment[name], want)
		}
	}
	account, err := shared.service.Account(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	if options := account.Servers[server].UserOptions; !ticket.WasAccepted(options, signed) || ticket.WasAccepted(options, sign(t, shared.signer, permit)) {
		t.Errorf("the hub notes %s", options)
	}
	shared.stop(t, as, user, server, true)
}

// A spawner outlives its server: nothing of one start is left for the next.
func TestNextStartHasNothingOfTheLast(t *testing.T) {
	t.Parallel()
	const user, server = "carl", "dashboard-next-abc123"
	as := shared.as(t, user)
	first := shared.permit(user, server, "one")
	first.Environment = map[string]string{"FIRST": "1"}
	shared.mustStart(t, as, user, server, withTicket(sign(t, shared.signer, first)))
	shared.stop(t, as, user, server, false)
	second := shared.permit(user, server, "two")
	second.Environment = map[string]string{"SECOND": "2"}
	shared.mustStart(t, as, user, server, withTicket(sign(t, shared.signer, second)))

	ran := shared.lastRun(t, user, server, 2)
	shared.wantArguments(t, ran, "launch", "--workdir", "/srv/a b", "two")
	if _, left := ran.Environment["FIRST"]; left || ran.Environment["SECOND"] != "2" || ran.Environment["HOOK_OF_BEFORE"] != "ran" {
		t.Errorf("it has %v", ran.Environment)
	}
	shared.stop(t, as, user, server, true)
}

// Other servers are started as ever, also while their user's dashboards run.
func TestSecurityOrdinaryServersAreUntouched(t *testing.T) {
	t.Parallel()
	const user, board = "dora", "dashboard-x-abc123"
	as := shared.as(t, user)
	count := map[string]int{}
	check := func(server string) {
		t.Helper()
		shared.mustStart(t, as, user, server, map[string]any{"argument": "chosen"})
		count[server]++
		ran := shared.lastRun(t, user, server, count[server])
		shared.wantArguments(t, ran, "chosen")
		if _, there := ran.Environment["BOARD"]; there || ran.Environment["HOOK_OF_BEFORE"] != "ran" {
			t.Errorf("it has %v", ran.Environment)
		}
		shared.stop(t, as, user, server, false)
	}
	check("")
	check("lab")
	permit := shared.permit(user, board, "voila")
	permit.Environment = map[string]string{"BOARD": "1"}
	shared.mustStart(t, as, user, board, map[string]any{ticket.Option: sign(t, shared.signer, permit), "argument": "not this"})
	shared.wantArguments(t, shared.lastRun(t, user, board, 1), "launch", "--workdir", "/srv/a b", "voila")
	check("")
	check("lab")
	shared.stop(t, as, user, board, true)
	check("")
	check("lab")
}

// encode writes a ticket's content as Sign does, without a signature.
func encode(content string) string {
	return "dashboard1." + base64.RawURLEncoding.EncodeToString([]byte(content))
}

func TestSecurityNoTicketButAGoodOneStartsAnything(t *testing.T) {
	t.Parallel()
	const user, server = "erin", "dashboard-safe-abc123"
	as := shared.as(t, user)
	permit := shared.permit(user, server, "voila")
	permit.Environment = map[string]string{"STOLEN": "1"}
	good := sign(t, shared.signer, permit)
	parts := strings.Split(good, ".")
	content, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	altered := strings.Replace(string(content), `"voila"`, `"other"`, 1)
	otherUser, otherServer := permit, permit
	otherUser.User, otherServer.Server = "bob", "dashboard-safe-abc124"
	const unsigned = "the service did not sign it"
	for _, test := range []struct {
		name   string
		option any
		reason string
	}{
		{"none", nil, "there is none"},
		{"number", 7, "there is none"},
		{"true", true, "there is none"},
		{"list", []any{good}, "there is none"},
		{"object", map[string]any{"ticket": good}, "there is none"},
		{"deep", deep(900), "there is none"},
		{"empty", "", unsigned},
		{"words", "let me in", unsigned},
		{"not ASCII", good + "é", unsigned},
		{"NUL", good + "\x00", unsigned},
		{"dots", strings.Repeat(".", 1000), unsigned},
		{"huge", strings.Repeat("a", 5<<20), "it is too large"},
		{"huge by one", strings.Repeat("a", ticket.MaxSize+1), "it is too large"},
		{"unsigned", parts[0] + "." + parts[1], unsigned},
		{"empty signature", parts[0] + "." + parts[1] + ".", unsigned},
		{"another key", sign(t, ticket.NewSigner("another token, of another service"), permit), unsigned},
		{"empty key", sign(t, ticket.NewSigner(""), permit), unsigned},
		{"altered content", encode(altered) + "." + parts[2], unsigned},
		{"altered signature", parts[0] + "." + parts[1] + "." + turned(parts[2]), unsigned},
		{"padded", good + "=", unsigned},
		{"with a new line", good + "\n", unsigned},
		{"another version", "dashboard2." + parts[1] + "." + parts[2], unsigned},
		{"another user's", sign(t, shared.signer, otherUser), "it is for another server"},
		{"another server's", sign(t, shared.signer, otherServer), "it is for another server"},
		{"expired", sign(t, shared.signer.Ahead(-ticket.Lifetime-2*time.Second), permit), "it has expired"},
		{"of the future", sign(t, shared.signer.Ahead(ticket.Lifetime), permit), "it was issued in the future"},
	} {
		t.Run(test.name, func(t *testing.T) {
			shared.refuse(t, as, user, server, withTicket(test.option), test.reason)
		})
	}
	t.Run("no option", func(t *testing.T) {
		shared.refuse(t, as, user, server, nil, "there is none")
	})
	t.Run("accepted, as it says itself", func(t *testing.T) {
		shared.refuse(t, as, user, server, map[string]any{ticket.Accepted: "x"}, "there is none")
	})
	for _, other := range []string{"", "lab", "dashboard", "mydashboard-x"} {
		t.Run("for the server "+other, func(t *testing.T) {
			elsewhere := permit
			elsewhere.Server = other
			shared.refuse(t, as, user, other, withTicket(sign(t, shared.signer, elsewhere)), "a server of this name is none of a dashboard")
		})
	}
	// And the spawner, after all of that, takes a good one.
	shared.mustStart(t, as, user, server, withTicket(good))
	shared.wantArguments(t, shared.lastRun(t, user, server, 1), "launch", "--workdir", "/srv/a b", "voila")
	shared.stop(t, as, user, server, true)
}

func deep(levels int) any {
	var value any = "x"
	for range levels {
		value = []any{value}
	}
	return value
}

func TestSecurityTicketIsGoodForOneStart(t *testing.T) {
	t.Parallel()
	const user, server = "fred", "dashboard-once-abc123"
	as := shared.as(t, user)
	options := withTicket(sign(t, shared.signer, shared.permit(user, server, "voila")))
	shared.mustStart(t, as, user, server, options)
	shared.stop(t, as, user, server, false)
	shared.refuse(t, as, user, server, options, "it was used before")
	shared.refuse(t, as, user, server, options, "it was used before")
	// Also where the hub itself brings the last start's options again, as by the
	// button on its home page.
	shared.refusePage(t, user, server)
	shared.lastRun(t, user, server, 1)
	// Removed and made again, it is the same server to the ticket.
	shared.stop(t, as, user, server, true)
	shared.refuse(t, as, user, server, options, "it was used before")
	shared.mustStart(t, as, user, server, withTicket(sign(t, shared.signer, shared.permit(user, server, "voila"))))
	shared.stop(t, as, user, server, true)
}

// A hub that was restarted has forgotten which tickets were used, so it takes none
// of before. Here the configuration is a part of the hub's own file.
func TestSecurityTicketOfBeforeTheHubsStartIsRefused(t *testing.T) {
	t.Parallel()
	const user, server = "gina", "dashboard-old-abc123"
	old := sign(t, ticket.NewSigner(token), shared.permit(user, server, "voila"))
	pasted, err := build(t.Context(), ready, "pasted", bedVersion, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pasted.Close(); err != nil {
			t.Error(err)
		}
	}()
	as := pasted.as(t, user)
	pasted.refuse(t, as, user, server, withTicket(old), "it was issued before this hub was started")
	pasted.mustStart(t, as, user, server, withTicket(sign(t, pasted.signer, pasted.permit(user, server, "voila"))))
	ran := pasted.lastRun(t, user, server, 1)
	pasted.wantArguments(t, ran, "launch", "--workdir", "/srv/a b", "voila")
	if ran.Environment["HOOK_OF_BEFORE"] != "ran" {
		t.Error("the other hook did not run")
	}
	pasted.mustStart(t, as, user, "lab", nil)
	pasted.wantArguments(t, pasted.lastRun(t, user, "lab", 1), "ordinary")
	pasted.stop(t, as, user, server, true)
	pasted.stop(t, as, user, "lab", true)
}
