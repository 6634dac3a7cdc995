// Package hubconfig writes what JupyterHub has to have in its configuration for
// dashboards: the service with its rights, and the hook that checks the tickets of
// package ticket before it starts what they say.
package hubconfig

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

//go:embed snippet
var snippet embed.FS

// Render returns a piece of Python for jupyterhub_config.py. It needs nothing that
// a hub does not have.
func Render(options Options) (string, error) {
	o, err := options.complete()
	if err != nil {
		return "", err
	}
	settings, err := o.settings()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(part("head"))
	if len(o.Serve) == 0 {
		text.WriteString(part("external"))
		for _, line := range o.environment() {
			text.WriteString("#   " + line + "\n")
		}
	}
	// In a function of its own: nothing of it gets in the way of what else is in
	// the file, or the other way round.
	text.WriteString("\n\ndef _dashboards(c):\n")
	parts := []string{part("import"), settings, part("service"), part("ticket"), part(string(o.Spawner)), part("report"), part("hook")}
	if o.HideServers {
		parts = append(parts, part("hide"))
	}
	for i, each := range parts {
		if i > 0 {
			text.WriteString("\n")
		}
		indent(&text, each)
	}
	// Not get_config(), which Zero to JupyterHub has for something else (its
	// jupyterhub_config.py).
	text.WriteString("\n\n_dashboards(c)  # noqa: F821, JupyterHub puts it there\ndel _dashboards\n")
	return text.String(), nil
}

// part is one of the files; they are all there, or the program would not build.
func part(name string) string {
	content, err := snippet.ReadFile("snippet/" + name + ".py")
	if err != nil {
		panic(err) // the tests render all of them
	}
	return string(content)
}

// indent puts a part into the function, where one empty line divides as two do
// outside.
func indent(into *strings.Builder, text string) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\n\n\n", "\n\n")) {
		if line != "\n" {
			into.WriteString("    ")
		}
		into.WriteString(line)
	}
}

// settings are the options as Python.
func (o Options) settings() (string, error) {
	var text strings.Builder
	for _, each := range []struct {
		name  string
		value any
	}{
		{"SERVICE", o.Service},
		{"URL", o.URL},
		{"SERVE", o.Serve},
		{"TOKEN_FILE", o.TokenFile},
		{"TOKEN_VARIABLE", o.TokenVariable},
		{"COMMAND", o.Command},
		{"BINARY", o.Binary},
		{"KEEP_VOLUMES", o.KeepVolumes},
		{"PREFIX", o.ServerPrefix},
		{"SKIP_CONSENT", o.SkipConsent},
		{"OPTION", ticket.Option},
		{"ACCEPTED", ticket.Accepted},
		{"REPORT_KEY", ticket.ReportKey},
		{"REPORT_HEADER", ticket.ReportHeader},
		{"FAILED", ticket.Failed},
		{"REFUSED", ticket.Refused},
		{"LIFETIME", int(ticket.Lifetime.Seconds())},
		{"MAX_AHEAD", int(ticket.MaxAhead.Seconds())},
		{"MAX_TICKET", ticket.MaxSize},
	} {
		var written string
		var err error
		switch value := each.value.(type) {
		case string:
			written, err = literal(value)
		case []string:
			written, err = literals(value)
		case int:
			written = strconv.Itoa(value)
		case bool:
			written = map[bool]string{true: "True", false: "False"}[value]
		}
		if err != nil {
			return "", fmt.Errorf("%s cannot be written: %w", strings.ToLower(each.name), err)
		}
		fmt.Fprintf(&text, "%s = %s\n", each.name, written)
	}
	return text.String(), nil
}

// environment is what a hub gives to a service that it starts (services/service.py,
// start), and others have to.
func (o Options) environment() []string {
	prefix := "/services/" + o.Service + "/"
	return []string{
		"JUPYTERHUB_API_URL=http://127.0.0.1:8081/hub/api",
		"JUPYTERHUB_BASE_URL=/",
		"JUPYTERHUB_CLIENT_ID=service-" + o.Service,
		"JUPYTERHUB_SERVICE_NAME=" + o.Service,
		"JUPYTERHUB_SERVICE_PREFIX=" + prefix,
		"JUPYTERHUB_SERVICE_URL=" + o.URL,
		"JUPYTERHUB_OAUTH_CALLBACK_URL=" + prefix + "oauth_callback",
		`JUPYTERHUB_OAUTH_ACCESS_SCOPES=["access:services!service=` + o.Service + `"]`,
	}
}
