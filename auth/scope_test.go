package auth

import "testing"

func TestScopeRule(t *testing.T) {
	for _, test := range []struct {
		name     string
		required []string
		held     []string
		want     bool
	}{
		{"all servers", []string{"access:servers!server=a/x"}, []string{"access:servers"}, true},
		{"all servers of the owner", []string{"access:servers!server=a/x"}, []string{"access:servers!user=a"}, true},
		{"this very server", []string{"access:servers!server=a/x"}, []string{"access:servers!server=a/x"}, true},
		{"a server is not all of its owner's", []string{"access:servers!user=a"}, []string{"access:servers!server=a/x"}, false},
		{"a named server is not the default one", []string{"access:servers!server=a/"}, []string{"access:servers!server=a/x"}, false},
		{"the owner of the default server", []string{"access:servers!server=a/"}, []string{"access:servers!user=a"}, true},
		{"another owner", []string{"access:servers!server=a/x"}, []string{"access:servers!user=ab"}, false},
		{"a group is not expanded here", []string{"access:servers!server=a/x"}, []string{"access:servers!group=g"}, false},
		{"the same group", []string{"access:servers!group=g"}, []string{"access:servers!group=g"}, true},
		{"a service by the second of two", []string{"access:services", "access:services!service=s"}, []string{"access:services!service=s"}, true},
		{"another service", []string{"access:services!service=s"}, []string{"access:services!service=t"}, false},
		{"another base", []string{"access:servers!server=a/x"}, []string{"servers!server=a/x"}, false},
		{"a base as a prefix", []string{"access:servers!server=a/x"}, []string{"access:server"}, false},
		{"nothing held", []string{"access:servers!server=a/x"}, nil, false},
		{"nothing required is nothing allowed", nil, []string{"access:servers"}, false},
		{"an unresolved filter", []string{"access:servers!server=a/x"}, []string{"access:servers!user"}, false},
		{"an empty filter", []string{"access:servers!server=a/x"}, []string{"access:servers!"}, false},
		{"a filter without a value", []string{"access:servers!server=a/x"}, []string{"access:servers!user="}, false},
		{"a filter without a kind", []string{"access:servers!server=a/x"}, []string{"access:servers!=a"}, false},
		{"a value with a sign of its own", []string{"access:servers!server=a/x!y=z"}, []string{"access:servers!server=a/x!y=z"}, true},
		{"an unfiltered requirement absorbs its filters", []string{"access:servers", "access:servers!server=a/x"}, []string{"access:servers!user=a"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := newScopeRule(test.required).allows(test.held); got != test.want {
				t.Errorf("required %q, held %q: got %v, want %v", test.required, test.held, got, test.want)
			}
		})
	}
}

// FuzzScopes looks for a scope that opens what it does not name.
func FuzzScopes(f *testing.F) {
	for _, seed := range []string{"access:servers", "access:servers!user=ada", "access:servers!server=ada/lab", "access:servers!", "!", "=", "access:servers!user"} {
		f.Add(seed)
	}
	rule := newScopeRule([]string{"access:servers!server=ada/lab"})
	opening := map[string]bool{"access:servers": true, "access:servers!user=ada": true, "access:servers!server=ada/lab": true}
	f.Fuzz(func(t *testing.T, held string) {
		if got := rule.allows([]string{held}); got != opening[held] {
			t.Errorf("%q: got %v", held, got)
		}
	})
}
