package builder

import (
	"context"
	"encoding/json"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// followRename finds a dashboard's owner under a new name: the servers of a user
// who is renamed go along, and the ticket in a server's options tells whose
// dashboard it was.
func (b *Builder) followRename(ctx context.Context, d dashboard.Dashboard, accounts map[string]hub.Account) bool {
	for name, account := range accounts {
		server, there := account.Servers[d.Server]
		if !there {
			continue
		}
		if t, ok := b.ticketOf(server); !ok || t.Dashboard != d.ID || t.User != d.Owner {
			continue
		}
		if err := b.Store.Rename(ctx, d.Owner, name); err != nil {
			b.complain(ctx, "cannot follow a user who was renamed", err)
			return false
		}
		b.log.Info("a user was renamed, and the dashboards with them", "from", d.Owner, "to", name)
		return true
	}
	return false
}

// ticketOf is the ticket that a server was last started by.
func (b *Builder) ticketOf(server hub.Server) (ticket.Ticket, bool) {
	var options map[string]json.RawMessage
	var signed string
	if json.Unmarshal(server.UserOptions, &options) != nil || json.Unmarshal(options[ticket.Option], &signed) != nil {
		return ticket.Ticket{}, false
	}
	t, err := b.Signer.Read(signed)
	return t, err == nil
}
