package process

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	variables := Variables{"port": "8501", "base_url": "/user/ada", "-": "-", "--": "--"}
	for text, want := range map[string]string{
		"--port={port}":                   "--port=8501",
		"{--}server.port={port}":          "--server.port=8501",
		"{-}m":                            "-m",
		"{base_url}/x{port}{port}":        "/user/ada/x85018501",
		"{{port}}":                        "{port}",
		`{{"a": {port}}}`:                 `{"a": 8501}`,
		"nothing to do":                   "nothing to do",
		"":                                "",
		"--ServerApp.tornado_settings={{": "--ServerApp.tornado_settings={",
	} {
		if got, err := variables.Render(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestRenderNamesWhatIsWrong(t *testing.T) {
	variables := Variables{"port": "1"}
	for text, want := range map[string]string{
		"--x={nope}":  "{nope}",
		"{}":          "{}",
		"{port":       "single brace",
		"port}":       "single brace",
		"{port:05d}":  "{port:05d}",
		"{port.real}": "{port.real}",
	} {
		if _, err := variables.Render(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestUses(t *testing.T) {
	if !Uses([]string{"a", "--o={origin_host}"}, "origin_host") || Uses([]string{"{{origin_host}}", "{port}"}, "origin_host") {
		t.Error("wrong")
	}
}

// FuzzRender looks for a panic, and for a text that is changed though it
// holds no brace.
func FuzzRender(f *testing.F) {
	f.Add("--port={port}{{}}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Variables{"port": "1"}.Render(text)
		if !strings.ContainsAny(text, "{}") && (err != nil || got != text) {
			t.Errorf("%q became %q, %v", text, got, err)
		}
		escaped := strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
		if got, err := (Variables{}).Render(escaped); err != nil || got != text {
			t.Errorf("%q escaped and rendered became %q, %v", text, got, err)
		}
	})
}
