package webtest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Sample fills a service with what people make, and with names that nobody should
// choose. Of Ada's, "demorunning2" runs, "demofailed22" failed and "demobuilding"
// is being built.
func Sample(s *Service) {
	now := s.Now()
	s.Users = []string{"ada", "alan", "barbara", "edsger", "grace", "grace.hopper@example.org", "karen"}
	s.Groups = []string{"finance", "research", "reporting"}
	s.OwnServers = []dashboard.Server{
		{Title: "Default server", Running: true},
		{Name: "geo", Title: "geo", Running: true},
		{Name: "old", Title: "old", Why: "This server does not run. Start it, and come back."},
	}
	s.Files = map[string][]dashboard.Entry{
		"":                {{Name: "sales", Folder: true}, {Name: "notebooks", Folder: true}, {Name: "Overview.ipynb", Bytes: 20111}, {Name: "README.md", Bytes: 900}, {Name: "app.py", Bytes: 4000}},
		"sales":           {{Name: "2025", Folder: true}, {Name: "Sales.ipynb", Bytes: 51234}, {Name: "data.csv", Bytes: 9123456}},
		"sales/2025":      {{Name: "Q1 & Q2 <draft>.ipynb", Bytes: 100}},
		"notebooks":       {{Name: "empty", Folder: true}, {Name: "Model.ipynb", Bytes: 3000}},
		"notebooks/empty": {},
	}
	add := func(id, owner, name, description string, state dashboard.State, used time.Duration, change func(*dashboard.Dashboard)) {
		d := dashboard.Dashboard{
			ID: id, Owner: owner, Name: name, Description: description, Server: dashboard.ServerName(dashboard.DefaultServerTemplate, id, name, owner),
			Source: dashboard.Source{Kind: dashboard.FromServer, Folder: "sales"}, App: dashboard.App{Framework: "voila", Path: "Sales.ipynb"},
			Access: dashboard.Access{Everyone: true}, Revision: 2, State: state, Created: now.Add(-40 * 24 * time.Hour), Updated: now.Add(-26 * time.Hour),
		}
		if used > 0 {
			d.LastUsed = now.Add(-used)
		}
		if change != nil {
			change(&d)
		}
		var revisions []dashboard.Revision
		for n := d.Revision; n > 0; n-- {
			revisions = append(revisions, dashboard.Revision{
				Dashboard: id, Number: n, By: owner, State: dashboard.Made, Created: now.Add(-time.Duration(40-n*10) * 24 * time.Hour),
				Snapshot: dashboard.Snapshot{Kind: dashboard.Folder, Bytes: 9_200_000},
			})
		}
		s.Put(d, revisions...)
		if d.Thumbnail != "" {
			s.Paint(id, dashboard.Picture{Type: "image/png", Content: drawing()})
		}
	}
	add("demorunning2", "ada", "Quarterly sales", "Revenue by region and product, with last year's for comparison.", dashboard.Running, 5*time.Minute, func(d *dashboard.Dashboard) {
		d.Access = dashboard.Access{Users: []string{"alan", "grace"}, Groups: []string{"finance"}}
		d.Thumbnail = "v1"
	})
	add("demostopped2", "ada", "Energy use of the data centre", "Live readings of the last 24 hours.", dashboard.Stopped, 3*24*time.Hour, func(d *dashboard.Dashboard) {
		d.Source = dashboard.Source{Kind: dashboard.FromGit, Repo: "https://github.com/example/energy.git", Ref: "main"}
		d.App = dashboard.App{Framework: "streamlit", Path: "app.py", Environment: "analysis", Arguments: []string{"--theme.base", "dark"}}
		d.Access, d.PerViewer = dashboard.Access{}, true
	})
	add("demofailed22", "ada", "Churn model", "Who leaves next month, and why.", dashboard.Stopped, 0, func(d *dashboard.Dashboard) {
		d.Revision, d.Failure = 0, "The notebook Churn.ipynb is not in the folder “models”. Choose another one, or put it there."
	})
	add("demobuilding", "ada", "Field trial", "", dashboard.Stopped, 0, func(d *dashboard.Dashboard) { d.Revision, d.Access = 0, dashboard.Access{} })
	add("demostarting", "ada", "Delivery times", "By week and depot.", dashboard.Starting, 26*time.Hour, nil)
	failed := s.Begin("demofailed22", dashboard.Build, "Copying your files", 40)
	for _, line := range []string{"The folder “models” of the default server is copied.", "1,204 files, 38.1 MiB", "Looking for Churn.ipynb", "There is no Churn.ipynb in models: it has Churn-old.ipynb, data, utils.py"} {
		s.Write(failed, line)
	}
	s.Finish(failed, s.Get("demofailed22").Failure)
	building := s.Begin("demobuilding", dashboard.Build, "Copying your files", 42)
	for n := range 30 {
		s.Write(building, fmt.Sprintf("copied sales/2025/part-%03d.parquet", n+1))
	}

	add("grcweather23", "grace", "Weather stations", "Every station's last reading on a map.", dashboard.Running, time.Hour, nil)
	add("alnlabtests2", "alan", "Lab tests", "", dashboard.Stopped, 50*24*time.Hour, func(d *dashboard.Dashboard) { d.Access = dashboard.Access{Groups: []string{"research"}} })
	for n, name := range Hostile {
		add(fmt.Sprintf("hostilename%c", 'a'+n), "karen", name, strings.Repeat(name+" ", 3), dashboard.Stopped, 2*time.Hour, nil)
	}
}

// Hostile are names that are allowed, and that a page could stumble over.
var Hostile = []string{
	`<script>alert(1)</script>"'><img src=x onerror=alert(2)>`,
	strings.Repeat("Donaudampfschifffahrt", 4) + "sgesellschaft",
	"../../etc/passwd",
	"لوحة المبيعات الفصلية",
	"销售仪表板 📊 𝓤𝓷𝓲𝓬𝓸𝓭𝓮 Z̷a̷l̷g̷o̷",
	"{{.CSRF}} ${7*7} %s %00",
}

// Many adds so many dashboards of one owner's.
func Many(s *Service, owner string, count int) {
	now := s.Now()
	for n := range count {
		id := fmt.Sprintf("many%08d", n)
		s.Put(dashboard.Dashboard{
			ID: id, Owner: owner, Name: fmt.Sprintf("Dashboard %04d", n+1), Description: "One of many, to see how a long list looks.", Server: "many-" + id[8:],
			Source: dashboard.Source{Kind: dashboard.FromServer}, App: dashboard.App{Framework: "voila"}, Access: dashboard.Access{Everyone: true},
			Revision: 1, State: []dashboard.State{dashboard.Running, dashboard.Stopped}[n%2], Created: now, Updated: now, LastUsed: now.Add(-time.Duration(n) * time.Hour),
		})
	}
}

// drawing is a picture that somebody could have taken of a dashboard.
var drawing = sync.OnceValue(func() []byte {
	const width, height = 480, 270
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{250, 251, 253, 255}
			bar := x / 40
			switch top := 60 + (bar*53)%120; {
			case y < 28:
				c = color.RGBA{44, 123, 182, 255}
			case x%40 > 10 && y > top && y < height-30 && x > 30 && x < width-30:
				c = color.RGBA{uint8(60 + bar*14), 130, uint8(200 - bar*9), 255}
			case y == height-30:
				c = color.RGBA{150, 155, 160, 255}
			}
			picture.Set(x, y, c)
		}
	}
	var content bytes.Buffer
	_ = png.Encode(&content, picture) // a buffer takes everything
	return content.Bytes()
})
