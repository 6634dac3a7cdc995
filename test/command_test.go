//go:build e2e

package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A start that cannot work ends at once, with a sentence that says why.
func TestCommandRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // after the parallel subtests

	for name, test := range map[string]struct {
		args    []string
		unset   string
		mention string
	}{
		"unknown substitution": {args: []string{"--", "sleep", "{nope}"}, mention: "{nope}"},
		"single brace":         {args: []string{"--", "sleep", "{"}, mention: "brace"},
		"no command":           {args: nil, mention: "command"},
		"command not found":    {args: []string{"--", "no-such-program"}, mention: "no-such-program"},
		"port taken": {
			args:    []string{fmt.Sprintf("--port=%d", taken.Addr().(*net.TCPAddr).Port), "--", "sleep", "600"},
			mention: taken.Addr().String(),
		},
		"no token":       {args: []string{"--", "sleep", "600"}, unset: "JUPYTERHUB_API_TOKEN", mention: "JUPYTERHUB_API_TOKEN"},
		"unknown flag":   {args: []string{"--no-such-flag", "--", "sleep", "600"}, mention: "--no-such-flag"},
		"bad authtype":   {args: []string{"--authtype=maybe", "--", "sleep", "600"}, mention: "maybe"},
		"bad restart":    {args: []string{"--restart=sometimes", "--", "sleep", "600"}, mention: "sometimes"},
		"bad port":       {args: []string{"--port=70000", "--", "sleep", "600"}, mention: "70000"},
		"bad interval":   {args: []string{"--last-activity-interval=-1", "--", "sleep", "600"}, mention: "--last-activity-interval"},
		"bad ready path": {args: []string{"--ready-check-path=nowhere", "--", "sleep", "600"}, mention: "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			command := exec.CommandContext(ctx, shared.proxy, test.args...)
			command.Env = slices.DeleteFunc(hubEnvironment(), func(variable string) bool {
				return test.unset != "" && strings.HasPrefix(variable, test.unset+"=")
			})
			var stdout, stderr bytes.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr
			err := command.Run()
			if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) || failed.ExitCode() <= 0 {
				t.Fatalf("ended with %v: %s", err, stderr.Bytes())
			}
			said := strings.TrimSuffix(stderr.String(), "\n")
			if strings.Contains(said, "\n") || !strings.Contains(said, test.mention) {
				t.Errorf("should say one sentence with %q, but said: %q", test.mention, said)
			}
			if stdout.Len() > 0 {
				t.Errorf("wrote to its standard output: %s", stdout.Bytes())
			}
		})
	}
}

// hubEnvironment is what a hub gives its servers, of a hub that is not there.
func hubEnvironment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"JUPYTERHUB_API_TOKEN=0123456789abcdef",
		"JUPYTERHUB_API_URL=http://127.0.0.1:9/hub/api",
		"JUPYTERHUB_CLIENT_ID=jupyterhub-user-alice",
		"JUPYTERHUB_USER=alice",
		"JUPYTERHUB_SERVER_NAME=",
		"JUPYTERHUB_SERVICE_PREFIX=/user/alice/",
		"JUPYTERHUB_SERVICE_URL=http://127.0.0.1:0/user/alice/",
		`JUPYTERHUB_OAUTH_ACCESS_SCOPES=["access:servers!server=alice/", "access:servers!user=alice"]`,
	}
}
