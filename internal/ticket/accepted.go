package ticket

import (
	"encoding/json"
	"strings"
)

// Accepted is the name of the user option in which the hub's configuration notes
// the nonce of the ticket that a server is being started by. A hub without that
// configuration starts an ordinary server, and notes nothing: such a server must
// not be shared.
const Accepted = "dashboard_accepted"

// WasAccepted says whether the hub started a server by this ticket and no other.
// userOptions are those in the hub's model of the server. The hub forgets them
// when it is restarted, so it tells only right after a start.
func WasAccepted(userOptions json.RawMessage, signed string) bool {
	var noted map[string]json.RawMessage
	var nonce string
	if json.Unmarshal(userOptions, &noted) != nil || json.Unmarshal(noted[Accepted], &nonce) != nil {
		return false
	}
	_, payload, _ := strings.Cut(signed, ".")
	payload, _, _ = strings.Cut(payload, ".")
	content, err := encoding.DecodeString(payload)
	var t Ticket
	return err == nil && json.Unmarshal(content, &t) == nil && t.Nonce != "" && t.Nonce == nonce
}
