package singleuser

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// flagsOfAll are the flags, with options of their own.
func flagsOfAll() []*pflag.Flag {
	o := &options{}
	var all []*pflag.Flag
	for _, section := range o.sections() {
		section.flags.VisitAll(func(flag *pflag.Flag) { all = append(all, flag) })
	}
	return all
}

// TestEveryFlagRefusesNonsense: with its name and what it was, from each place.
func TestEveryFlagRefusesNonsense(t *testing.T) {
	tried := 0
	for _, flag := range flagsOfAll() {
		switch flag.Value.Type() {
		case "string", "stringArray", "stringSlice":
			continue // these take what comes; what they mean is checked by name
		}
		tried++
		for _, text := range []string{"nonsense", "-1", "99999999999999999999"} {
			if flag.Value.Type() == "bool" && text != "nonsense" {
				continue
			}
			_, err := settings(nil, "--"+flag.Name+"="+text, "x")
			if err == nil || !strings.HasPrefix(err.Error(), "--"+flag.Name+" is \""+text+"\", but ") {
				t.Errorf("--%s=%s: got %v", flag.Name, text, err)
			}
			if flag.Hidden {
				continue
			}
			name := variableName(flag.Name)
			_, err = settings(map[string]string{name: text}, "x")
			if err == nil || !strings.HasPrefix(err.Error(), name+" is \""+text+"\", but ") {
				t.Errorf("%s=%s: got %v", name, text, err)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d flags were tried", tried)
	}
}

func TestEveryFlagIsInTheHelpAndInTheManual(t *testing.T) {
	_, help, _ := try(nil, "--help")
	code, manual, _ := try(nil, "man")
	if code != 0 {
		t.Errorf("man ends with %d", code)
	}
	for _, flag := range flagsOfAll() {
		if flag.Hidden {
			continue
		}
		if !strings.Contains(help, "--"+flag.Name+" ") {
			t.Errorf("--%s is not in the help", flag.Name)
		}
		if !strings.Contains(manual, roff("--"+flag.Name)) {
			t.Errorf("--%s is not in the manual", flag.Name)
		}
	}
}

// TestTheManualIsOne has groff or mandoc, where there is one, look for what it
// does not understand; man(7)'s own rules are looked at everywhere.
func TestTheManualIsOne(t *testing.T) {
	_, manual, _ := try(nil, "man")
	for line := range strings.Lines(manual) {
		if request, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(request, ".") {
			switch request {
			case ".TH", ".SH", ".TP", ".B", ".br", ".nf", ".fi":
			default:
				t.Errorf("strange request: %q", line)
			}
		}
	}
	if groff, err := exec.LookPath("groff"); err == nil {
		command := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
		command.Stdin = strings.NewReader(manual)
		if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("groff says %v: %s", err, out)
		}
	}
}

func TestCompletion(t *testing.T) {
	for want, args := range map[string][]string{
		"never\non-failure\nalways\n":        {"__complete", "--restart", ""},
		"eager\nlazy\n":                      {"__complete", "--start", ""},
		"streamlit\t":                        {"__complete", "run", "str"},
		"--ready-timeout\t":                  {"__complete", "--ready-t"},
		"doctor\t":                           {"__complete", "doc"},
		"__start_jhsingle-native-proxy":      {"completion", "bash"},
		"#compdef jhsingle-native-proxy":     {"completion", "zsh"},
		"complete -c jhsingle-native-proxy ": {"completion", "fish"},
	} {
		if code, stdout, stderr := try(nil, args...); code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%q: got %d, %.300q %s", args, code, stdout, stderr)
		}
	}
}

func TestRunListsTheFrameworks(t *testing.T) {
	for _, args := range [][]string{{"run"}, {"run", "--help"}} {
		code, stdout, _ := try(nil, args...)
		for _, want := range []string{"voila notebook.ipynb", "streamlit app.py", "rshiny", "static"} {
			if code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("%q: got %d, no %q", args, code, want)
			}
		}
	}
}

func TestAProgramThatIsCalledLikeACommandOfOurs(t *testing.T) {
	got, err := settings(nil, "--", "run", "doctor")
	if err != nil || strings.Join(got.argv, " ") != "run doctor" || len(got.words) != 0 {
		t.Errorf("got %q, %q, %v", got.argv, got.words, err)
	}
}
