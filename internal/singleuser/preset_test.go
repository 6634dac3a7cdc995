package singleuser

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAFlagWinsOverThePreset(t *testing.T) {
	file := configured(t, `
presets:
  board:
    like: streamlit
    options: {ready-timeout: 77, idle-stop: 5}
    environment: {THEME: dark, MINE: preset}
`)
	got, err := settings(map[string]string{"JHSINGLE_IDLE_STOP": "6"}, "--config", file, "--environment=MINE=flag", "run", "board", "app.py", "--", "--theme.base=dark")
	if err != nil {
		t.Fatal(err)
	}
	if got.readyTimeout != 77*time.Second || got.idleStop != 6*time.Second || got.environment["THEME"] != "dark" || got.environment["MINE"] != "flag" {
		t.Errorf("got %v %v %v", got.readyTimeout, got.idleStop, got.environment)
	}
	if got.presentationPath != "app.py" || !slices.Contains(got.argv, "--theme.base=dark") || got.argv[0] != "streamlit" {
		t.Errorf("got %q %q", got.presentationPath, got.argv)
	}
}

func TestABadPresetNamesItsPlace(t *testing.T) {
	for want, content := range map[string]string{
		"is not a setting (did you mean ready-timeout?)": "presets: {board: {like: streamlit, options: {ready-timeot: 5}}}",
		"is \"soon\", but wants a number of seconds":     "presets: {board: {like: streamlit, options: {ready-timeout: soon}}}",
		"{nope} in":  "presets: {board: {like: streamlit, options: {ready-check-path: '/{nope}'}}}",
		"commnd":     "presets: {board: {like: streamlit, commnd: [x]}}",
		"streamlitt": "presets: {board: {like: streamlitt}}",
	} {
		_, err := settings(nil, "--config", configured(t, content), "run", "board", "app.py")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "proxy.yaml") {
			t.Errorf("%s: got %v, want %s", content, err, want)
		}
	}
}

func TestPresetsFromTheEnvironment(t *testing.T) {
	text := "{board: {like: streamlit, options: {ready-timeout: 77}}}"
	got, err := settings(map[string]string{"JHSINGLE_PRESETS": text}, "run", "board", "app.py")
	if err != nil || got.readyTimeout != 77*time.Second {
		t.Errorf("got %v, %v", got.readyTimeout, err)
	}
	file := configured(t, "presets: {board: {like: streamlit, options: {ready-timeout: 78}}}")
	if got, err := settings(map[string]string{"JHSINGLE_PRESETS": text, "JHSINGLE_CONFIG": file}, "run", "board", "app.py"); err != nil || got.readyTimeout != 78*time.Second {
		t.Errorf("the file does not win: got %v, %v", got.readyTimeout, err)
	}
	for _, bad := range []string{"[", "{board: {lik: streamlit}}", "\x00"} {
		if _, err := settings(map[string]string{"JHSINGLE_PRESETS": bad}, "run", "board", "app.py"); err == nil || !strings.Contains(err.Error(), "JHSINGLE_PRESETS") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
