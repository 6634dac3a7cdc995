//go:build e2e

package attack

import (
	"fmt"
	"testing"
)

// Our column of docs/attacks.md holds, also when the table is not written anew.
func TestSecurityOurColumnOfTheTable(t *testing.T) {
	t.Parallel()
	at := enter(t, "this program", startOurs(t, "column"))
	for i, r := range rows() {
		if r.try != nil {
			t.Run(r.vector, func(t *testing.T) { r.check(t, at, fmt.Sprintf("row-%d.", i)) })
		}
	}
}
