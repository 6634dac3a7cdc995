// Package webtest is a Dashboards service without a hub, for looking at the page
// and for testing what the page does by itself. Its dashboards are in memory, and
// its jobs do nothing.
package webtest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Service keeps dashboards in memory. Its exported fields are set before it is
// used.
type Service struct {
	// RulesFor are the rules of a visitor.
	RulesFor func(v dashboard.Visitor) dashboard.Rules
	// OwnServers are everybody's servers, and Files what each folder has.
	OwnServers []dashboard.Server
	Files      map[string][]dashboard.Entry
	// Users and Groups are those of the hub.
	Users, Groups []string
	// Refuse, if set, is what is wrong with every dashboard.
	Refuse error
	// Step, if not 0, is how long each step of a job takes; otherwise jobs wait for
	// Finish.
	Step time.Duration
	// Now is the time.
	Now func() time.Time

	mu         sync.Mutex
	fault      error
	dashboards map[string]dashboard.Dashboard
	jobs       []dashboard.Job
	logs       map[string][]dashboard.LogLine
	revisions  map[string][]dashboard.Revision
	pictures   map[string]dashboard.Picture
	watchers   map[string][]chan dashboard.Job
}

var _ dashboard.Service = (*Service)(nil)

// New makes an empty service where everybody may do everything.
func New() *Service {
	rules := dashboard.Rules{
		Sources: []dashboard.SourceKind{dashboard.FromServer, dashboard.FromGit},
		Frameworks: []dashboard.FrameworkChoice{
			{Name: "bokeh", Title: "Bokeh", Files: []string{".ipynb", ".py"}, Folder: true},
			{Name: "voila", Title: "Voilà", Files: []string{".ipynb"}, Folder: true},
			{Name: "streamlit", Title: "Streamlit", Files: []string{".py"}, Default: "app.py"},
			{Name: "shiny", Title: "Shiny for R", Folder: true},
		},
		Options: []dashboard.Option{
			{Name: "size", Label: "Size", Hint: "Large servers are few: take one only if it is needed.", Inherit: true, Choices: []dashboard.Choice{
				{Value: "small", Label: "Small: 1 core, 2 GB"}, {Value: "large", Label: "Large: 8 cores, 32 GB"}, {Value: 2.0, Label: "Two GPUs"},
			}},
			{Name: "project", Label: "Project"},
		},
		FreeEnvironment: true, Environments: []string{"analysis", "geo"}, PerViewer: true, GroupPages: true,
		Sharing: dashboard.Sharing{Users: true, Groups: true, Everyone: true}, HubVersion: "6.1.1",
	}
	return &Service{
		RulesFor:   func(dashboard.Visitor) dashboard.Rules { return rules },
		Now:        time.Now,
		dashboards: map[string]dashboard.Dashboard{},
		logs:       map[string][]dashboard.LogLine{},
		revisions:  map[string][]dashboard.Revision{},
		pictures:   map[string]dashboard.Picture{},
		watchers:   map[string][]chan dashboard.Job{},
	}
}

// Fail has everything fail, until it is called with nil.
func (s *Service) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Put adds a dashboard, as it is.
func (s *Service) Put(d dashboard.Dashboard, revisions ...dashboard.Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dashboards[d.ID] = d
	s.revisions[d.ID] = revisions
}

// Paint gives a dashboard a picture.
func (s *Service) Paint(id string, picture dashboard.Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pictures[id] = picture
}

// Get is a dashboard, as it is.
func (s *Service) Get(id string) dashboard.Dashboard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dashboards[id]
}

// List asks for what a store would, simply.
func (s *Service) List(_ context.Context, v dashboard.Visitor, q dashboard.Query) ([]dashboard.Dashboard, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, 0, s.fault
	}
	var found []dashboard.Dashboard
	for _, d := range s.dashboards {
		if q.Owner != "" && d.Owner != q.Owner || q.NotOwner != "" && d.Owner == q.NotOwner ||
			!v.MayOpen(d) && !(v.Admin && q.Owner != "") || q.Group != "" && !slices.Contains(d.Access.Groups, q.Group) {
			continue
		}
		text := strings.ToLower(d.Name + "\n" + d.Description + "\n" + d.Owner)
		if slices.ContainsFunc(strings.Fields(strings.ToLower(q.Text)), func(word string) bool { return !strings.Contains(text, word) }) {
			continue
		}
		found = append(found, d)
	}
	slices.SortFunc(found, func(a, b dashboard.Dashboard) int {
		order := cmp.Or(by(q.Sort, a, b), cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -order
		}
		return order
	})
	total := len(found)
	found = found[min(q.Offset, total):]
	return found[:min(q.Limit, len(found))], total, nil
}

func by(sort dashboard.Sort, a, b dashboard.Dashboard) int {
	switch sort {
	case dashboard.ByOwner:
		return cmp.Compare(a.Owner, b.Owner)
	case dashboard.ByCreated:
		return a.Created.Compare(b.Created)
	case dashboard.ByUpdated:
		return a.Updated.Compare(b.Updated)
	case dashboard.ByUsed:
		return a.LastUsed.Compare(b.LastUsed)
	}
	return cmp.Compare(dashboard.FoldName(a.Name), dashboard.FoldName(b.Name))
}

// Dashboard is one that the visitor may see.
func (s *Service) Dashboard(_ context.Context, v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(v, id)
}

func (s *Service) find(v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	if s.fault != nil {
		return dashboard.Dashboard{}, s.fault
	}
	d, ok := s.dashboards[id]
	if !ok || !v.MayOpen(d) && !v.Owns(d) {
		return dashboard.Dashboard{}, dashboard.Errorf(dashboard.NotFound, "There is no such dashboard, or it is not shared with you.")
	}
	return d, nil
}

func (s *Service) own(v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	d, err := s.find(v, id)
	if err == nil && !v.Owns(d) {
		err = dashboard.Errorf(dashboard.Forbidden, "Only %s can do that with this dashboard.", d.Owner)
	}
	return d, err
}

// Create checks a dashboard as the real one does, and keeps it.
func (s *Service) Create(_ context.Context, v dashboard.Visitor, d dashboard.Dashboard) (dashboard.Dashboard, dashboard.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return d, dashboard.Job{}, s.fault
	}
	if rules := s.RulesFor(v); rules.WhyNot != "" {
		return d, dashboard.Job{}, dashboard.Errorf(dashboard.Forbidden, "%s", rules.WhyNot)
	}
	d.ID, d.Owner, d.State, d.Created, d.Updated = dashboard.NewID(), v.Name, dashboard.Stopped, s.Now(), s.Now()
	if err := s.check(&d); err != nil {
		return d, dashboard.Job{}, err
	}
	d.Server = dashboard.ServerName(dashboard.DefaultServerTemplate, d.ID, d.Name, d.Owner)
	s.dashboards[d.ID] = d
	return d, s.begin(v, d, dashboard.Build), nil
}

func (s *Service) check(d *dashboard.Dashboard) error {
	if err := d.Check(); err != nil {
		return err
	}
	if s.Refuse != nil {
		return s.Refuse
	}
	for _, other := range s.dashboards {
		if other.ID != d.ID && other.Owner == d.Owner && dashboard.FoldName(other.Name) == dashboard.FoldName(d.Name) {
			taken := dashboard.Errorf(dashboard.Conflict, "You have a dashboard called “%s” already. Choose another name.", other.Name)
			taken.Field = "name"
			return taken
		}
	}
	return nil
}

// Edit changes a dashboard as the real one does.
func (s *Service) Edit(_ context.Context, v dashboard.Visitor, id string, change func(*dashboard.Dashboard) error) (dashboard.Dashboard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.own(v, id)
	if err != nil {
		return d, err
	}
	if err := change(&d); err != nil {
		return d, err
	}
	if err := s.check(&d); err != nil {
		return d, err
	}
	d.Updated = s.Now()
	s.dashboards[id] = d
	return d, nil
}

// Rules are as RulesFor says.
func (s *Service) Rules(_ context.Context, v dashboard.Visitor) (dashboard.Rules, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.RulesFor(v), s.fault
}

// Servers are everybody's.
func (s *Service) Servers(context.Context, dashboard.Visitor) ([]dashboard.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.OwnServers, s.fault
}

// Browse looks into Files.
func (s *Service) Browse(_ context.Context, _ dashboard.Visitor, _ dashboard.Source, folder string) ([]dashboard.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Files[folder], s.fault
}

// People are of Users and Groups.
func (s *Service) People(_ context.Context, _ dashboard.Visitor, text string) (users, groups []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	find := func(names []string) (found []string) {
		for _, name := range names {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(text)) && len(found) < 10 {
				found = append(found, name)
			}
		}
		return found
	}
	return find(s.Users), find(s.Groups), s.fault
}

// Thumbnail is a dashboard's picture.
func (s *Service) Thumbnail(_ context.Context, v dashboard.Visitor, id string) (dashboard.Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(v, id); err != nil {
		return dashboard.Picture{}, err
	}
	return s.pictures[id], nil
}

// SetThumbnail takes PNG only.
func (s *Service) SetThumbnail(_ context.Context, v dashboard.Visitor, id string, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.own(v, id)
	if err != nil {
		return err
	}
	if len(content) == 0 {
		d.Thumbnail = ""
		delete(s.pictures, id)
	} else {
		if !strings.HasPrefix(string(content), "\x89PNG") {
			return dashboard.InvalidField("picture", "This is not a picture. Choose a PNG, a JPEG or a WebP.")
		}
		d.Thumbnail = strconv.FormatInt(s.Now().UnixNano(), 36)
		s.pictures[id] = dashboard.Picture{Type: "image/png", Content: content}
	}
	s.dashboards[id] = d
	return nil
}
