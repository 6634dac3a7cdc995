package docker

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// What dockerspawner 14.0.0 and escapism 1.1.0 make of these.
func TestNamesAreThoseOfDockerSpawner(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ user, server, name, legacy string }{
		{"ada", "", "jupyter-ada", "p-ada-"},
		{"ada", "work", "jupyter-ada--work", "p-ada-work"},
		{"Ada.Lovelace@example.org", "My Server", "jupyter--41da-2e-4covelace-40example-2eorg--my-20server", "p-Ada_2ELovelace_40example_2Eorg-my_20server"},
		{"a-b", "c", "jupyter-a-2db--c", "p-a-b-c"},
		{"a", "b--c", "jupyter-a--b-2d-2dc", "p-a-b--c"},
		{"ünï/ö'\"<b>", "日本", "jupyter--c3-bcn-c3-af-2f-c3-b6-27-22-3cb-3e---e6-97-a5-e6-9c-ac", "p-_C3_BCn_C3_AF_2F_C3_B6_27_22_3Cb_3E-_E6_97_A5_E6_9C_AC"},
		{"x\ty", "İΟΔΟΣ", "jupyter-x-9y--i-cc-87-ce-bf-ce-b4-ce-bf-cf-82", "p-x_9y-i_CC_87_CE_BF_CE_B4_CE_BF_CF_82"},
		{"..", "../..", "jupyter--2e-2e---2e-2e-2f-2e-2e", "p-_2E_2E-_2E_2E_2F_2E_2E"},
		{"a{b}", "{username}", "jupyter-a-7bb-7d---7busername-7d", "p-a_7Bb_7D-_7Busername_7D"},
	} {
		n, err := newNames("", "jupyter", false)
		if err != nil {
			t.Fatal(err)
		}
		if want := "^/?" + regexp.QuoteMeta(test.name) + "$"; n.pattern(test.user, test.server) != want {
			t.Errorf("%q %q: %s, not %s", test.user, test.server, n.pattern(test.user, test.server), want)
		}
		if n, err = newNames("{prefix}-{username}-{servername}", "p", true); err != nil {
			t.Fatal(err)
		}
		if want := "^/?" + regexp.QuoteMeta(test.legacy) + "$"; n.pattern(test.user, test.server) != want {
			t.Errorf("legacy %q %q: %s, not %s", test.user, test.server, n.pattern(test.user, test.server), want)
		}
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"{username}":                           "^/?eve-2dx$",
		"hub.{raw_username}.{raw_servername}":  `^/?hub\.eve-x\.S$`,
		"{imagename}-{safe_username}":          "^/?.*-eve-2dx$",
		"{{{username}}}":                       `^/?\{eve-2dx\}$`,
		"{prefix}+{username}":                  `^/?jupyter\+eve-2dx$`,
		"{username}}":                          "",
		"{username":                            "",
		"{user}-{username}":                    "",
		"{username!r}":                         "",
		"{}{username}":                         "",
		"jupyter":                              "",
		"{servername}":                         "",
		"{prefix}-{username}--{servername}{0}": "",
	} {
		n, err := newNames(template, "jupyter", false)
		if err != nil {
			if want != "" {
				t.Errorf("%q: %v", template, err)
			}
			continue
		}
		if got := n.pattern("eve-x", "S"); got != want {
			t.Errorf("%q makes %q, not %q", template, got, want)
		}
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	n, err := newNames("", "jupyter", false)
	if err != nil {
		t.Fatal(err)
	}
	for template, want := range map[string]string{
		"": "", "/home/jovyan/": "/home/jovyan", "/home/{raw_username}": "/home/a.b", "/home/{username}": "/home/a-2eb",
		"home": "", "{username}": "", "/home/{servername}": "", "/": "", "/..": "",
	} {
		got, err := n.home(template, "a.b")
		if got != want || (err != nil) != (want == "" && template != "") {
			t.Errorf("%q: %q, %v", template, got, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("", "ada", "work")
	f.Add("{prefix}-{raw_username}.{imagename}-{{{servername}}}", "a(b", "[c")
	f.Fuzz(func(t *testing.T, template, user, server string) {
		n, err := newNames(template, "jupyter", false)
		if err != nil || !utf8.ValidString(template+user+server) {
			return
		}
		pattern := n.pattern(user, server)
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			t.Fatalf("%q of %q is no pattern: %v", pattern, template, err)
		}
		values := n.values(user, server)
		values["imagename"] = "any-image"
		if template == "" {
			template = defaultTemplate
			if server != "" {
				template = namedTemplate
			}
		}
		name, err := expand(template, values, plain)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(name, "\n") && !compiled.MatchString(name) {
			t.Errorf("%q does not match %q", pattern, name)
		}
	})
}
