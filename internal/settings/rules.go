package settings

import "github.com/ideonate/jhsingle-native-proxy/internal/dashboard"

// Rules are what a visitor can do and choose, as far as the settings tell; what
// the hub can do is left to be filled in. An error is for the log: the rules hold
// without what could not be read.
func (s Settings) Rules(v dashboard.Visitor) (dashboard.Rules, error) {
	rules := dashboard.Rules{
		Sources: s.SourceKinds(), Frameworks: s.Frameworks(),
		FreeEnvironment: s.Environments.Free, PathPattern: string(s.Sources.Paths),
		Options:   s.OwnerOptions(),
		PerViewer: s.Servers.PerViewer == Offered, DefaultAccess: s.DefaultAccess(),
		GroupPages: s.Pages.Groups,
	}
	if why := s.MayCreate(v); why != nil {
		rules.WhyNot = why.Error()
	}
	var err error
	rules.Environments, err = s.EnvironmentNames()
	return rules, err
}
