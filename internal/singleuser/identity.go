package singleuser

import (
	"crypto/rand"
	"slices"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// identity is what the app is told of who is asking.
type identity struct {
	userInfoHeader bool
	userInfoQuery  bool
	tell           []string
}

// identityKey is the app's variable with the key of the signed identity.
const identityKey = "JHSINGLE_IDENTITY_KEY"

func (o *identity) register(flags *pflag.FlagSet) {
	setting.OnOff(flags, &o.userInfoHeader, "forward-user-info", false, "tell the app who is asking, as JSON in the header X-CDSDASHBOARDS-JH-USER")
	setting.OnOff(flags, &o.userInfoQuery, "query-user-info", false, "tell the app the same in the query parameter CDSDASHBOARDS_JH_USER")
	flags.StringSliceVar(&o.tell, "forward-identity", nil, "tell the app who is asking by a `list` of user, email, groups (X-Forwarded-User, -Email, -Groups) and jwt (X-Forwarded-Identity, signed with the app's "+identityKey+"), or all")
}

func (o *identity) check(wrong wrong) error {
	names := []string{"user", "email", "groups", "jwt", "all"}
	for _, name := range o.tell {
		if !slices.Contains(names, name) {
			return wrong("forward-identity", "has %q, but knows %s%s", name, setting.Alternatives(names), suggest.DidYouMean(name, names))
		}
	}
	return nil
}

// build makes the setting of the gate. The key is made anew at each start: it
// is between us and our app.
func (o *identity) build() auth.Identity {
	tells := func(name string) bool { return slices.Contains(o.tell, name) || slices.Contains(o.tell, "all") }
	identity := auth.Identity{
		UserInfoHeader: o.userInfoHeader, UserInfoQuery: o.userInfoQuery,
		User: tells("user"), Email: tells("email"), Groups: tells("groups"),
	}
	if tells("jwt") {
		identity.Key = auth.Secret(rand.Text() + rand.Text())
	}
	return identity
}
