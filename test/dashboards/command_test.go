//go:build e2e

package dashboards

func (s *stage) checkCommands() {}
