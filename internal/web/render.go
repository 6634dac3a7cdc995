package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed templates
var templates embed.FS

// pages are the templates, by the name of the page. They are parsed once.
type pages map[string]*template.Template

// pageNames are the files of pages; the others are parts of all of them.
var pageNames = []string{"list", "new", "edit", "dashboard", "delete", "open", "problem"}

func (s *site) parsePages() (pages, error) {
	found := pages{}
	for _, name := range pageNames {
		parsed, err := template.New("layout.html").Funcs(s.functions()).
			ParseFS(templates, "templates/layout.html", "templates/parts/*.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("the template of the page %s cannot be read: %w", name, err)
		}
		found[name] = parsed
	}
	return found, nil
}

// functions are what templates can do.
func (s *site) functions() template.FuncMap {
	return template.FuncMap{
		"t": s.words.text, "n": s.words.count, "of": s.words.of,
		"at":     s.at,
		"group":  s.groupPage,
		"static": func(name string) string { return s.at("static", s.assets.version, name) },
		"hub":    s.HubURL,
		"ago":    func(at moment) string { return s.ago(at) },
		"size":   size,
		"tint":   tint,
		"chart":  chart,
		"args":   args,
	}
}

// frame is what is around every page.
type frame struct {
	Title   string
	User    string
	CSRF    string
	Version string
	// MayCreate shows the way to the form.
	MayCreate bool
	// Refresh, if not empty, is where the page goes after three seconds without
	// scripts.
	Refresh string
	// Notice is the word for something that was just done.
	Notice string
}

func (s *site) frame(v *visit, title string) frame {
	return frame{Title: title, User: v.who.Name, CSRF: v.csrf, Version: s.Version}
}

// show renders a page. It is whole before its first byte is sent, so that a fault
// on the way is not half a page.
func (s *site) show(w http.ResponseWriter, name string, status int, data any) error {
	var body bytes.Buffer
	if err := s.pages[name].Execute(&body, data); err != nil {
		return fmt.Errorf("cannot render the page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // an error is a visitor who has gone
	return nil
}

// seeOther sends a browser on, by GET (RFC 9110 section 15.4.4).
func seeOther(w http.ResponseWriter, target string) error {
	w.Header().Set("Location", target) // http.Redirect would clean the path
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// args hands several values to a part of a page, in pairs of name and value.
func args(pairs ...any) map[string]any {
	made := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		made[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return made
}
