package web

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
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
	common, err := s.parse(template.New("page").Funcs(s.functions()), "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range pageNames {
		own, err := common.Clone()
		if err != nil {
			return nil, fmt.Errorf("the templates' common parts cannot be copied: %w", err)
		}
		if found[name], err = s.parse(own, "templates/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// parse adds files to a template, with their constants filled in.
func (s *site) parse(into *template.Template, patterns ...string) (*template.Template, error) {
	for _, pattern := range patterns {
		names, err := fs.Glob(templates, pattern)
		if err != nil {
			return nil, fmt.Errorf("%s is no pattern: %w", pattern, err)
		}
		for _, name := range names {
			source, err := templates.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("the template %s cannot be read: %w", name, err)
			}
			if _, err := into.New(path.Base(name)).Parse(s.constants(string(source))); err != nil {
				return nil, fmt.Errorf("the template %s cannot be parsed: %w", name, err)
			}
		}
	}
	return into, nil
}

// constant is an action that says the same on every page.
var constant = regexp.MustCompile(`\{\{(t|icon|static|hub|root)(?: "([a-z0-9_.]+)")?\}\}`)

// constants fills in what is the same on every page: words without values, icons
// and addresses of our own. html/template calls two to four functions for each
// action: with this, and with flat cards, a page of 1,000 dashboards takes 33 ms
// instead of 128.
func (s *site) constants(source string) string {
	return constant.ReplaceAllStringFunc(source, func(action string) string {
		parts := constant.FindStringSubmatch(action)
		switch kind, value := parts[1], parts[2]; kind {
		case "t":
			return html.EscapeString(s.words.text(value))
		case "icon":
			return `<svg class="icon" aria-hidden="true" focusable="false"><use href="#icon-` + value + `"/></svg>`
		case "static":
			return html.EscapeString(s.at("static", s.assets.version, value))
		case "hub":
			return html.EscapeString(s.HubURL(value))
		}
		return html.EscapeString(s.Prefix)
	})
}

// functions are what templates can do.
func (s *site) functions() template.FuncMap {
	return template.FuncMap{
		"t": s.words.text, "n": s.words.count, "of": s.words.of,
		"group": s.groupPage,
		"size":  size,
		"args":  args,
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
	if err := s.pages[name].ExecuteTemplate(&body, "layout.html", data); err != nil {
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
