package web

import (
	"errors"
	"mime"
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/page"
)

// visit is one request of a visitor's, past the gate.
type visit struct {
	*http.Request
	who  dashboard.Visitor
	kind kind
	// byHeader says that the request carried its own token.
	byHeader bool
	// csrf is what the forms of the answer show.
	csrf string
}

// secure sets what holds for every answer.
//
// Users' servers share the hub's origin unless each has a domain of its own, and
// then a browser takes their scripts for ours. Such a script must not get hold of
// one of our pages, with what proves that a form is ours in it. By fetch it does
// not, as pages are for navigations only (see isPartOfPage); in a frame it does
// not (frame-ancestors); and the opener of a window loses it once we are in it:
// of all values only noopener-allow-popups parts documents of one origin, too
// (HTML: cross-origin opener policies). Browsers that do not know it have none of
// that, nor is there a defence against a service worker that such a server
// registers for the whole origin: SECURITY.md tells operators to use domains.
func (s *site) secure(h http.Header) {
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "noopener-allow-popups")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
}

// serve guards a route, answers it, and says what went wrong.
func (s *site) serve(w http.ResponseWriter, r *http.Request, to route) {
	if noted, ok := r.Context().Value(recordKey{}).(*record); ok {
		noted.route = to.path
	}
	v := &visit{Request: r, kind: to.kind}
	if err := s.admit(w, v, to); err != nil {
		s.fail(w, v, err)
		return
	}
	if err := to.handle(w, v); err != nil {
		s.fail(w, v, err)
	}
}

var errNobody = errors.New("the gate let somebody pass who has no name")

// admit finds out who it is, and whether the request is one that they meant.
func (s *site) admit(w http.ResponseWriter, v *visit, to route) error {
	who, ok := s.Visitor(v.Context())
	if !ok {
		return s.refused(http.StatusForbidden, "error.nobody")
	}
	if who.Name == "" {
		return errNobody
	}
	v.who, v.csrf = who, s.proof.of(who)
	v.byHeader = s.ByHeader != nil && s.ByHeader(v.Context())
	v.Body = http.MaxBytesReader(w, v.Body, to.body)
	switch to.kind {
	case forPeople:
		return s.admitPage(v, to)
	case forScripts:
		return s.admitScript(v)
	case forImages:
		if dest := v.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "image" && dest != "document" {
			return s.refused(http.StatusForbidden, "error.picture_only")
		}
	}
	return nil
}

// admitPage lets navigations pass, and forms of our own.
func (s *site) admitPage(v *visit, to route) error {
	if isPartOfPage(v.Request) {
		return s.refused(http.StatusForbidden, "error.page_only", "api", s.Prefix+api.Path+"openapi.json")
	}
	if isSafe(v.Method) {
		return nil
	}
	if err := s.parseForm(v.Request, to.body); err != nil {
		return err
	}
	return s.prove(v, v.PostForm.Get(csrfField))
}

// isPartOfPage says whether a browser asks for something that it does not show as
// a page by itself, as for fetch, frames and images (W3C Fetch Metadata). Those
// that do not tell, by plain HTTP or of before 2023, are let be.
func isPartOfPage(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return mode != "" && mode != "navigate" || dest != "" && dest != "document" || page.IsUpgrade(r)
}

func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// parseForm reads a form of at most so many bytes, into memory.
func (s *site) parseForm(r *http.Request, limit int64) error {
	content, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && content == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case err == nil && content == "multipart/form-data":
		err = r.ParseMultipartForm(limit)
	default:
		return s.refused(http.StatusUnsupportedMediaType, "error.form_type")
	}
	if err != nil {
		return s.malformed(err)
	}
	return nil
}

// admitScript lets requests with a token of their own pass, and those of our own
// pages. A person who looks at the API may read.
func (s *site) admitScript(v *visit) error {
	if isSafe(v.Method) && v.Header.Get("Sec-Fetch-Mode") == "navigate" && !isPartOfPage(v.Request) {
		return nil
	}
	return s.prove(v, v.Header.Get(api.CSRFHeader))
}

// prove checks that a request is our own page's: a browser adds the login by
// itself, whoever's page makes the request.
func (s *site) prove(v *visit, shown string) error {
	if v.byHeader {
		return nil
	}
	if err := s.cross.Check(v.Request); err != nil {
		return s.refused(http.StatusForbidden, "error.cross_origin")
	}
	if !s.proof.holds(v.who, shown) {
		return s.refused(http.StatusForbidden, "error.csrf")
	}
	return nil
}
