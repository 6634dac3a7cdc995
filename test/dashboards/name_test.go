//go:build e2e

package dashboards

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// oddNames are titles of dashboards that have to come out as they went in.
var oddNames = []string{
	"Umsätze 2024 – Überblick",
	"数据看板 📊 👩‍🔬",
	"لوحة المبيعات",
	"מכירות: 2024",
	"../../etc/passwd",
	`"double" 'single' ` + "`back`" + ` \`,
	`<script>alert(1)</script>`,
	`</title><img src=x onerror=alert(1)>`,
	"{{.Secret}} ${HOME} $(id) {port} %41",
	"; DROP TABLE dashboards; --",
	strings.Repeat("x", 100),
	strings.Repeat("é", 100),
	"--help",
}

// badNames cannot be shown, or not be told from others.
var badNames = []string{"", "   ", strings.Repeat("x", 101), "a\x00b", "two\nlines", "right\u202eleft", "\u2066isolated\u2069", "bell\a"}

func (s *stage) checkNames() {
	owner, viewer := s.person("nina"), s.person("noel")
	s.write("nina", "site/index.html", "named")
	for _, name := range badNames {
		if _, err := owner.Create(s.Context(), static(name, "site")); codeOf(err) != http.StatusUnprocessableEntity {
			s.Errorf("%q is taken: %v", name, err)
		}
	}
	var all sync.WaitGroup
	for _, name := range oddNames {
		all.Go(func() {
			wanted := static(name, "site")
			wanted.Access = &api.Access{Users: []string{"noel"}}
			wanted.Description = name
			made, err := owner.Create(s.Context(), wanted)
			if err != nil {
				s.Errorf("%q: %v", name, err)
				return
			}
			ended, err := owner.Follow(s.Context(), made.Job.ID, 0, api.Follower{})
			if err != nil || ended.Failure != "" {
				s.Errorf("%q is not built: %v %s", name, err, ended.Failure)
			}
		})
	}
	all.Wait()
	page, err := viewer.List(s.Context(), api.Query{Whose: "others", Owner: "nina", PerPage: 100})
	s.must(err)
	found := map[string]api.Dashboard{}
	for _, d := range page.Items {
		found[d.Name] = d
	}
	session := s.NewSession("noel")
	list, err := session.Get(s.Context(), "/services/dashboards/?whose=others")
	s.must(err)
	for _, name := range oddNames {
		d, ok := found[name]
		if !ok {
			s.Errorf("%q is not found", name)
			continue
		}
		if !strings.Contains(string(list.Body), escaped(name)) {
			s.Errorf("%q is not in the list as it should be", name)
		}
		answer, err := session.Get(s.Context(), "/services/dashboards/dashboard/"+d.ID)
		if err != nil || answer.Status != http.StatusOK || !strings.Contains(string(answer.Body), "<title>"+escaped(name)) {
			s.Errorf("%q: its page answers %d, %v", name, answer.Status, err)
		}
		s.wantShown(viewer, s.address(owner, d), "named")
		if mine := s.get(owner, d.ID); !serverForm.MatchString(mine.Detail.Server) {
			s.Errorf("%q: its server is called %q", name, mine.Detail.Server)
		}
	}
	if strings.Contains(string(list.Body), "<script>alert") || strings.Contains(string(list.Body), "<img src=x") {
		s.Error("the list has the HTML of a name in it")
	}
	// The same in other letters is the same.
	for _, name := range []string{"UMSÄTZE 2024 – ÜBERBLICK", "Umsa\u0308tze  2024 – U\u0308berblick"} {
		if _, err := owner.Create(s.Context(), static(name, "site")); codeOf(err) != http.StatusConflict {
			s.Errorf("%q is another name: %v", name, err)
		}
	}
}

// serverForm is that of a name that every hub takes.
var serverForm = regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,29}$`)

// escaped is a text as a page has it (html/template).
func escaped(text string) string {
	return strings.NewReplacer("&#34;", "&#34;", "+", "&#43;").Replace(html.EscapeString(text))
}

// oddFolders are names of folders and of files in them.
var oddFolders = []string{
	"звіт «1»", "数据 📊", "تقرير", `a b'c"d`, "$HOME", "`id`", "{port}", "{base_url}", "{-}x", "%41%2f", "a#b?c=d&e", "-rf", "semi;colon|pipe", "~root", strings.Repeat("n", 200),
}

// badFolders lead out, or are no folders.
var badFolders = []string{"..", "../nina", "a/../../nina", "site/../..", "a\x00b", strings.Repeat("n/", 600)}

func (s *stage) checkFolders() {
	owner := s.person("fred")
	for _, folder := range badFolders {
		if _, err := owner.Create(s.Context(), static("Out", folder)); codeOf(err) != http.StatusUnprocessableEntity {
			s.Errorf("%q is taken: %v", folder, err)
		}
	}
	var all sync.WaitGroup
	for i, folder := range oddFolders {
		s.write("fred", "top/"+folder+"/"+folder+"/index.html", "in "+folder)
		all.Go(func() {
			wanted := api.New{
				Name: fmt.Sprint("Folder ", i), Source: api.Source{Kind: dashboard.FromServer, Folder: "top/" + folder},
				App: api.App{Framework: "static", Path: folder},
			}
			made, err := owner.Create(s.Context(), wanted)
			if err != nil {
				s.Errorf("%q: %v", folder, err)
				return
			}
			ended, err := owner.Follow(s.Context(), made.Job.ID, 0, api.Follower{})
			if err != nil || ended.Failure != "" {
				s.Errorf("%q is not built: %v %s", folder, err, ended.Failure)
				return
			}
			d, err := owner.Dashboard(s.Context(), made.Dashboard.ID)
			if err != nil {
				s.Errorf("%q: %v", folder, err)
				return
			}
			shown, err := s.Shown(s.Context(), owner, d, patience)
			if err != nil || shown != "in "+folder || !utf8.ValidString(shown) {
				s.Errorf("%q shows %q, %v", folder, shown, err)
			}
		})
	}
	all.Wait()
}
