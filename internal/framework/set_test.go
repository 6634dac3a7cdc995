package framework

import (
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	set := Builtin()
	for name, want := range map[string]string{"voila": "voila", "asgi": "fastapi", "gunicorn": "wsgi", "r-shiny": "rshiny"} {
		found, err := set.Lookup(name)
		if err != nil || found.Name != want {
			t.Errorf("%s is %q, %v", name, found.Name, err)
		}
	}
	_, err := set.Lookup("streamlti")
	if err == nil || !strings.Contains(err.Error(), "(did you mean streamlit?)") || !strings.Contains(err.Error(), "known are bokeh, dash,") {
		t.Errorf("an unknown name: %v", err)
	}
}

// What one caller does to a preset is nothing to the next.
func TestSetDoesNotChange(t *testing.T) {
	set := Builtin()
	for _, first := range set.All() {
		if len(first.Command) > 0 {
			first.Command[0] = "changed"
		}
		if first.Environment != nil {
			first.Environment["CHANGED"] = "changed"
		}
		second, err := set.Lookup(first.Name)
		if err != nil || second.Command[0] == "changed" || second.Environment["CHANGED"] != "" {
			t.Errorf("%s was changed: %+v, %v", first.Name, second, err)
		}
	}
}

func TestWriteList(t *testing.T) {
	var list strings.Builder
	if err := Builtin().WriteList(&list); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(list.String(), "\n"), "\n")
	if len(lines) != len(Builtin().All()) {
		t.Errorf("%d lines for %d presets", len(lines), len(Builtin().All()))
	}
	for _, line := range lines {
		if len(line) > 110 {
			t.Errorf("this line is long: %s", line)
		}
	}
	if !strings.Contains(list.String(), "voila notebook.ipynb | folder") || !strings.Contains(list.String(), "Voilà") {
		t.Errorf("the list does not tell of Voilà:\n%s", list.String())
	}
}
