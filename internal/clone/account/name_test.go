package account

import "testing"

func TestName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ template, owner, want string }{
		{"{username}", "ada", "ada"},
		{"jupyter-{username}", "ada", "jupyter-ada"},
		{"{tljh}", "ada", "jupyter-ada"},
		// As Python says: tljh.normalize.generate_system_username("jupyter-" + name).
		{"{tljh}", "seventeen-letters", "jupyter-seventeen-letters"},
		{"{tljh}", "eighteen-letters-x", "jupyter-eighteen-letters-x-97998"},
		{"/home/{tljh}", "margaret.hamilton@example.org", "/home/jupyter-margaret.hamilton@-8889f"},
		{"{username}", "{tljh}", "{tljh}"},
	} {
		if got := Name(test.template, test.owner); got != test.want {
			t.Errorf("%s of %q is %q and not %q", test.template, test.owner, got, test.want)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"": "", "ada": "", "{username}": "{username}", "/home/{tljh}/work": "{tljh}",
		"{username}{username}": "", "{tljh}{tljh}": "", "{username}-{tljh}": "", "{username}{tljh}{username}": "", "{tljh}{tljh}{username}": "",
	} {
		if got := Placeholder(template); got != want {
			t.Errorf("%q has %q", template, got)
		}
	}
}
