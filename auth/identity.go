package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

const (
	// userInfoHeader and userInfoQuery are the names by which the Python
	// program of our name tells an app who is asking.
	userInfoHeader = "X-Cdsdashboards-Jh-User"
	userInfoQuery  = "CDSDASHBOARDS_JH_USER"
	// jwtHeader carries the signed form.
	jwtHeader = "X-Forwarded-Identity"

	// maxIdentity bounds one field, in bytes: apps refuse longer ones
	// (gunicorn at 8190).
	maxIdentity = 8000
)

// Identity is what the app is told of the user who asks. Nothing is, unless it
// is asked for.
type Identity struct {
	// UserInfoHeader and UserInfoQuery give the user's kind, name, admin and
	// groups as JSON, as the Python program does.
	UserInfoHeader, UserInfoQuery bool
	// User, Email and Groups give X-Forwarded-User, -Email and -Groups.
	User, Email, Groups bool
	// Key, if not empty, signs a JSON web token (RFC 7519, HS256) in
	// X-Forwarded-Identity, by which the app knows that we wrote it.
	Key Secret
}

// described is what the app is told of one user.
type described struct {
	header http.Header
	// query is a pair to add to the query, escaped; empty if none is.
	query string
}

// describe writes down who the user is, for as long as a verdict holds. What
// could be read in two ways is left out: for the app that is less access, not
// more.
func (i Identity) describe(user *hub.User, expires time.Time, log *slog.Logger) described {
	var told described
	put := func(name, value string) {
		switch {
		case value == "":
		case len(value) > maxIdentity || !isPrintable(value):
			log.Warn("the app is not told all of who is asking: the value is too long for a header, or has control characters in it", "user", user.Name, "header", name, "bytes", len(value))
		default:
			if told.header == nil {
				told.header = http.Header{}
			}
			told.header[name] = []string{value}
		}
	}
	if i.User {
		put("X-Forwarded-User", user.Name)
	}
	if i.Email {
		put("X-Forwarded-Email", user.Email)
	}
	if i.Groups {
		put("X-Forwarded-Groups", joinGroups(user, log))
	}
	if i.Key != "" {
		token, err := sign(user, expires, i.Key)
		if err != nil {
			log.Error("the app is not told who is asking: the identity could not be signed", "user", user.Name, "error", err)
		}
		put(jwtHeader, token)
	}
	if i.UserInfoHeader || i.UserInfoQuery {
		info := userInfo(user)
		if i.UserInfoHeader {
			put(userInfoHeader, info)
		}
		if i.UserInfoQuery && len(info) <= maxIdentity {
			told.query = userInfoQuery + "=" + url.QueryEscape(info)
		}
	}
	return told
}

// joinGroups lists the groups with commas. A group whose name has one would be
// read as two, of which one may be somebody else's.
func joinGroups(user *hub.User, log *slog.Logger) string {
	var groups []string
	for _, group := range user.Groups {
		if strings.Contains(group, ",") || !isPrintable(group) {
			log.Warn("the app is not told of a group, as its name has a comma or control characters in it", "user", user.Name, "group", group)
			continue
		}
		groups = append(groups, group)
	}
	return strings.Join(groups, ",")
}

// sign makes the signed form of who a user is.
func sign(user *hub.User, expires time.Time, key Secret) (string, error) {
	claims := jwt.MapClaims{
		"sub": user.Name, "kind": user.Kind, "admin": user.Admin, "groups": append([]string{}, user.Groups...),
		"iat": time.Now().Unix(), "exp": expires.Add(unansweredPatience).Unix(),
	}
	if user.Email != "" {
		claims["email"] = user.Email
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key.Reveal()))
}

// userInfo is the Python program's JSON, of ASCII only, so that it is the same
// in a header whatever the app takes headers to be written in.
func userInfo(user *hub.User) string {
	encoded, err := json.Marshal(struct {
		Kind   string   `json:"kind"`
		Name   string   `json:"name"`
		Admin  bool     `json:"admin"`
		Groups []string `json:"groups"`
	}{user.Kind, user.Name, user.Admin, user.Groups})
	if err != nil {
		return "" // strings and a boolean have a JSON form
	}
	var ascii strings.Builder
	for _, c := range string(encoded) {
		switch {
		case c < 0x80:
			ascii.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&ascii, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&ascii, `\u%04x`, c)
		}
	}
	return ascii.String()
}

// isPrintable says whether a text has no control characters, with which it
// could end a header's line (RFC 9110 section 5.5).
func isPrintable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// setQuery puts what the app is told into the query, and takes off it what a
// visitor wrote there in our name.
func setQuery(r *http.Request, told string) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	cleaned := withoutUserInfo(query)
	if cleaned == query && told == "" {
		return
	}
	switch {
	case cleaned == "":
		cleaned = told
	case told != "":
		cleaned += "&" + told
	}
	r.URL.RawQuery = cleaned
	if cleaned != "" {
		path += "?" + cleaned
	}
	r.RequestURI = path
}

// withoutUserInfo cuts our parameter out of a query, however it is escaped,
// and leaves the rest as it was. Some apps also take ";" for a separator.
func withoutUserInfo(query string) string {
	if !mayNameUserInfo(query) {
		return query
	}
	var kept strings.Builder
	for len(query) > 0 {
		end := strings.IndexAny(query, "&;")
		pair, separator := query, ""
		if end >= 0 {
			pair, separator = query[:end], query[end:end+1]
		}
		query = query[len(pair)+len(separator):]
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && strings.EqualFold(strings.TrimSpace(decoded), userInfoQuery) {
			continue
		}
		kept.WriteString(pair)
		kept.WriteString(separator)
	}
	return strings.TrimRight(kept.String(), "&;")
}

// mayNameUserInfo is a quick look: most queries hold neither the name nor an
// escape that could hide it.
func mayNameUserInfo(query string) bool {
	return strings.ContainsRune(query, '%') || strings.Contains(strings.ToUpper(query), userInfoQuery)
}
