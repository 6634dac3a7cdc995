package singleuser

import (
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/proxy"
)

// access is who may enter.
type access struct {
	authType         string
	allowOrigins     []string
	allowUsers       []string
	allowGroups      []string
	verdictLifetime  time.Duration
	verdictCacheSize int
	contentPolicy    string
}

// authNone is the --authtype without authentication.
const authNone = "none"

func (o *access) register(flags *pflag.FlagSet) {
	o.authType = "oauth"
	o.verdictLifetime = auth.DefaultVerdictLifetime
	o.verdictCacheSize = auth.DefaultVerdictCacheSize
	flags.Var(setting.Choice(&o.authType, "oauth", authNone), "authtype", "oauth: a JupyterHub login is needed; none: everybody may enter")
	open := flags.VarPF(setting.Word(&o.authType, authNone), "no-authentication", "", "the same as --authtype=none")
	open.NoOptDefVal, open.Hidden = "true", true
	flags.StringArrayVar(&o.allowUsers, "allow-user", nil, "of those who may enter, only this `user` does (repeatable, and together with --allow-group)")
	flags.StringArrayVar(&o.allowGroups, "allow-group", nil, "of those who may enter, only the members of this `group` do (repeatable)")
	flags.StringArrayVar(&o.allowOrigins, "allow-origin", nil, "further `origin`, such as https://portal.example.org, whose pages may open websockets and send forms here; * is every one (repeatable)")
	flags.Var(setting.Seconds(&o.verdictLifetime, time.Second), "verdict-lifetime", "`seconds` for which the hub's word on a visitor is trusted; what is open longer is checked again")
	flags.Var(setting.Number(&o.verdictCacheSize, 1, 1<<24, "number"), "verdict-cache-size", "`number` of logins of which the hub's word is remembered")
	flags.StringVar(&o.contentPolicy, "content-security-policy", "", "`policy` for the app's answers that have no Content-Security-Policy of their own, such as \"frame-ancestors 'self'\"")
}

func (o *access) check(wrong wrong) error {
	for _, list := range []struct {
		name   string
		values []string
	}{{"allow-user", o.allowUsers}, {"allow-group", o.allowGroups}} {
		for _, value := range list.values {
			if value == "" {
				return wrong(list.name, "is empty, but wants a name")
			}
		}
	}
	if o.verdictLifetime > 24*time.Hour {
		return wrong("verdict-lifetime", "is %s, but is from 1 to 86400 seconds", o.verdictLifetime)
	}
	if strings.ContainsFunc(o.contentPolicy, unicode.IsControl) {
		return wrong("content-security-policy", "is %q, which cannot stand in a header", o.contentPolicy)
	}
	return nil
}

func newGate(o *options, env auth.Environment, identity auth.Identity, client *hub.Client, metrics *proxy.Metrics, log *slog.Logger) (proxy.Gate, error) {
	if o.authType == authNone {
		log.Warn("there is no authentication: everybody who reaches this address may use the app (--authtype=none)")
		return auth.NewOpen(env, o.allowOrigins)
	}
	return auth.NewGate(auth.Config{
		Environment:      env,
		Hub:              client,
		Log:              log,
		Origins:          o.allowOrigins,
		OnlyUsers:        o.allowUsers,
		OnlyGroups:       o.allowGroups,
		Identity:         identity,
		VerdictLifetime:  o.verdictLifetime,
		VerdictCacheSize: o.verdictCacheSize,
		Observe:          metrics.Verdict,
	})
}
