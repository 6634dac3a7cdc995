//go:build e2e

package dashboards

import (
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

func TestSecurityEachViewersServerIsTheirOwn(t *testing.T) {
	t.Parallel()
	open(t, house.Options{Name: "viewers", Settings: eachTheirOwn, Groups: map[string][]string{"team": {"carol"}}}).checkViewers()
}
