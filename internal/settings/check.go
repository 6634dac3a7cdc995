package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// check says what is wrong with the settings as a whole, and makes lists tidy.
func (s *Settings) check() error {
	if err := s.checkNames(); err != nil {
		return err
	}
	for i, name := range s.Allowed {
		known, err := s.Presets.set.Lookup(name)
		if err != nil {
			return fmt.Errorf("frameworks[%d]: %w", i, err)
		}
		s.Allowed[i] = known.Name
	}
	if !s.Sources.Servers && !s.Sources.Git {
		return fmt.Errorf("sources.servers and sources.git are both false, so no dashboard could be made")
	}
	if err := dashboard.CheckServerTemplate(s.Servers.Name); err != nil {
		return fmt.Errorf("servers.name: %w", err)
	}
	if s.Retention.Revisions < 1 {
		return fmt.Errorf("retention.revisions is %d, but the one in force is always kept: give 1 or more", s.Retention.Revisions)
	}
	if s.Limits.Builds < 1 {
		return fmt.Errorf("limits.builds is %d, so no dashboard could be built: give 1 or more", s.Limits.Builds)
	}
	return s.checkServers()
}

// checkNames looks at all that are names of users, groups and environments.
func (s *Settings) checkNames() error {
	for _, list := range []struct {
		setting string
		names   []string
	}{
		{"create.allow_users", s.Create.AllowUsers}, {"create.allow_groups", s.Create.AllowGroups},
		{"create.block_users", s.Create.BlockUsers}, {"create.block_groups", s.Create.BlockGroups},
		{"environments.names", s.Environments.Names},
	} {
		for i, name := range list.names {
			if strings.TrimSpace(name) != name || name == "" || strings.ContainsFunc(name, unicode.IsControl) {
				return fmt.Errorf("%s[%d] is %q, which is no name", list.setting, i, name)
			}
		}
	}
	for i, name := range s.Environments.Names {
		if strings.HasPrefix(name, "-") {
			return fmt.Errorf("environments.names[%d] is %q, which would be taken for an option", i, name)
		}
	}
	access := s.DefaultAccess()
	if err := access.Check(); err != nil {
		return fmt.Errorf("access: %w", err)
	}
	return nil
}

// checkServers looks at what every dashboard is started with.
func (s *Settings) checkServers() error {
	if err := s.checkOwnerOptions(); err != nil {
		return err
	}
	for i, argument := range s.Servers.Arguments {
		if argument == "" || strings.ContainsRune(argument, 0) {
			return fmt.Errorf("servers.arguments[%d] is empty, or no text", i)
		}
		if argument == "--" {
			return fmt.Errorf("servers.arguments[%d] is --, but here are only options of \"dashboard-builder launch\"", i)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Servers.Environment)) {
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(s.Servers.Environment[name], 0):
			return fmt.Errorf("servers.environment has %q, which is no name, or has no text as its value", name)
		case strings.HasPrefix(name, "JUPYTERHUB_") || strings.HasPrefix(name, "JPY_"):
			// They say who may enter; JUPYTERHUB_ANYONE and JUPYTERHUB_GROUP, too.
			return fmt.Errorf("servers.environment has %s, which is the hub's to set", name)
		}
	}
	return nil
}
