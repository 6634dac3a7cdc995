//go:build e2e

package dashboards

import "github.com/ideonate/jhsingle-native-proxy/test/bed"

// browse plays a scenario of the folder browser in Chromium, and reads what it
// tells into result. The service's own pages must give no reason to complain.
func (s *stage) browse(scenario string, tell map[string]any, result any) {
	s.Helper()
	complaints, err := s.Browse(s.Context(), "test/dashboards/browser/"+scenario+".mjs", tell, result)
	for _, each := range complaints {
		if each.Ours() {
			s.Errorf("%s: %v", scenario, each)
		} else {
			s.Logf("%s: elsewhere, %v", scenario, each)
		}
	}
	s.must(err)
}

// chromium finds the browser.
func (s *stage) chromium() string {
	s.Helper()
	found, err := bed.Chromium()
	s.must(err)
	return found
}
