package singleuser

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// compatibility is what command lines have that were written for others, and
// that means nothing here.
type compatibility struct {
	progressive, allowRoot, noSSL bool
	aiohttpTimeout                time.Duration
}

func (o *compatibility) register(flags *pflag.FlagSet) {
	setting.OnOff(flags, &o.progressive, "progressive", false, "answers always stream")
	setting.OnOff(flags, &o.allowRoot, "allow-root", true, "any user may run this program")
	flags.BoolVar(&o.noSSL, "aiohttp-no-ssl-connector", false, "the way to the app is not encrypted")
	flags.Var(setting.Seconds(&o.aiohttpTimeout, 0), "aiohttp-request-timeout", "`seconds`; one question whether the app is ready takes 10 s at most, and is asked again until --ready-timeout")
	registerIgnored(flags)
}

// registerIgnored accepts what hubs before 2.0 give to a single-user server
// (1.5, spawner.py, get_args), and what their administrators used to add.
func registerIgnored(flags *pflag.FlagSet) {
	for _, name := range []string{
		"notebook-dir", "SingleUserNotebookApp.default_url", "SingleUserLabApp.default_url",
		"NotebookApp.default_url", "ServerApp.default_url", "disable-user-config",
		"NotebookApp.allow_origin", "no-NotebookApp.allow_origin",
	} {
		flags.String(name, "", "ignored")
		flag := flags.Lookup(name)
		flag.NoOptDefVal, flag.Hidden = "true", true
	}
}
