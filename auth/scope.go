package auth

import "strings"

// scope is one parsed scope: "access:servers!server=ada/lab" has the base
// "access:servers", the kind "server" and the value "ada/lab". Without a
// filter, kind is empty.
type scope struct {
	base, kind, value string
}

// parseScope reads one scope. A filter must have a kind and a value; what has
// not is no scope, since guessing would widen somebody's access.
func parseScope(text string) (scope, bool) {
	base, filter, filtered := strings.Cut(text, "!")
	if base == "" {
		return scope{}, false
	}
	if !filtered {
		return scope{base: base}, true
	}
	kind, value, ok := strings.Cut(filter, "=")
	if !ok || kind == "" || value == "" {
		return scope{}, false
	}
	return scope{base, kind, value}, true
}

// scopeRule is a list of scopes of which one must be held.
type scopeRule []scope

func newScopeRule(required []string) scopeRule {
	var rule scopeRule
	for _, text := range required {
		if parsed, ok := parseScope(text); ok {
			rule = append(rule, parsed)
		}
	}
	return rule
}

// allows says whether the held scopes contain one of the rule's, by the hub's
// own arithmetic (JupyterHub scopes.py, _intersect_expanded_scopes, and
// services/auth.py, check_scopes).
func (rule scopeRule) allows(held []string) bool {
	for _, text := range held {
		has, ok := parseScope(text)
		if !ok {
			continue
		}
		for _, needs := range rule {
			if rule.covers(needs, has) {
				return true
			}
		}
	}
	return false
}

func (rule scopeRule) covers(needs, has scope) bool {
	switch {
	case needs.base != has.base:
		return false
	case has.kind == "":
		return true
	case needs == has:
		return true
	case needs.kind == "server" && has.kind == "user" && !rule.unfiltered(needs.base):
		// All servers of a user include the one. A rule that names the base
		// without a filter absorbs its own filters, so nothing is derived.
		owner, _, ok := strings.Cut(needs.value, "/")
		return ok && owner == has.value
	}
	return false
}

func (rule scopeRule) unfiltered(base string) bool {
	for _, needs := range rule {
		if needs.base == base && needs.kind == "" {
			return true
		}
	}
	return false
}
