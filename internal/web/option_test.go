package web

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// offer has the service offer other options.
func (w *world) offer(options ...dashboard.Option) {
	all := w.service.RulesFor
	w.service.RulesFor = func(v dashboard.Visitor) dashboard.Rules {
		rules := all(v)
		rules.Options = options
		return rules
	}
}

func TestOptionsByForm(t *testing.T) {
	w := newWorld(t)
	wants(t, w.page("new", ""), "How is its server started?", `<label for="options.size">Size</label>`, `<select id="options.size" name="options.size" aria-describedby="options.size-hint">`,
		`<option value="">As the copied server has it</option>`, `<option value="large">Large: 8 cores, 32 GB</option>`, `<option value="2">Two GPUs</option>`, "Large servers are few",
		`<input id="options.project" name="options.project" value=""`, "Leave it empty for the hub’s default.")
	sent := filled()
	sent.Set("options.size", "2")
	sent.Set("options.project", " Rain 7 ")
	answer := w.post("new", "", sent)
	id := strings.TrimPrefix(answer.Header().Get("Location"), root+"dashboard/")
	d := w.service.Get(id)
	if want := map[string]any{"size": "2", "project": "Rain 7"}; answer.Code != 303 || !reflect.DeepEqual(d.Options, want) {
		t.Fatalf("got %d, %v", answer.Code, d.Options)
	}
	wants(t, w.page("dashboard/"+id, ""), "<dt>Size</dt><dd>Two GPUs</dd>", "<dt>Project</dt><dd>Rain 7</dd>")

	// Nothing that is chosen is nothing that is sent.
	answer = w.post("new", "grace", filled())
	if d := w.service.Get(strings.TrimPrefix(answer.Header().Get("Location"), root+"dashboard/")); len(d.Options) != 0 {
		t.Errorf("got %v", d.Options)
	}
	w.offer()
	lacks(t, w.page("new", ""), "How is its server started?", `id="options`)
}

// What is not touched stays as it is, and what cannot be set any more is shown, to
// be taken away.
func TestOptionsAreEdited(t *testing.T) {
	w := newWorld(t)
	d := w.service.Get("demostopped2")
	d.Options = map[string]any{"size": "huge", "gpus": 2.0, "mounts": map[string]any{"a": "/b"}}
	w.service.Put(d)
	w.offer(dashboard.Option{Name: "size", Label: "Size", Inherit: true, Choices: []dashboard.Choice{{Value: "small", Label: "Small"}}}, dashboard.Option{Name: "gpus", Label: "GPUs", Inherit: true})
	wants(t, w.page("dashboard/demostopped2/edit", ""), `<option value="">The hub’s default</option>`, `<option value="huge" selected>huge</option>`, `name="options.gpus" value="2"`, `name="options.mounts" value="{&#34;a&#34;:&#34;/b&#34;}"`)

	sent := formOf(d)
	fields := url.Values{
		"name": {sent.Name}, "description": {sent.Description}, "source.kind": {sent.Kind}, "source.repo": {sent.Repo}, "source.ref": {sent.Ref},
		"app.framework": {sent.Framework}, "app.path": {sent.Path}, "app.environment": {sent.Environment}, "app.arguments": {sent.Arguments}, "per_viewer": {"1"},
		"options.size": {"huge"}, "options.gpus": {"2"}, "options.mounts": {sent.Options["mounts"]},
	}
	edit := func(notice string, want map[string]any) {
		t.Helper()
		answer := w.post("dashboard/demostopped2/edit", "", fields)
		if got := w.service.Get("demostopped2").Options; answer.Header().Get("Location") != root+"dashboard/demostopped2?notice="+notice || !reflect.DeepEqual(got, want) {
			t.Errorf("got %d, %v, %v", answer.Code, answer.Header(), got)
		}
	}
	edit("saved", d.Options)
	fields.Set("options.size", "small")
	fields.Set("options.mounts", "")
	edit("rebuild", map[string]any{"size": "small", "gpus": 2.0})
	delete(fields, "options.gpus") // a form that was opened before there was such a field
	edit("saved", map[string]any{"size": "small", "gpus": 2.0})
}

func TestAWrongOptionIsSaidAtItsField(t *testing.T) {
	w := newWorld(t)
	for _, field := range []string{"options.size", "options.project", "options.older"} {
		sent := filled()
		sent.Set("options.size", "huge")
		sent.Set("options.project", "P")
		sent.Set("options.older", "x")
		w.service.Refuse = dashboard.InvalidField(field, "It cannot be that.")
		answer := w.post("new", "", sent)
		page := answer.Body.String()
		if answer.Code != 422 {
			t.Errorf("%s: got %d", field, answer.Code)
		}
		wants(t, page, `<a href="#`+field+`">It cannot be that.</a>`, `id="`+field+`-wrong"`, ` `+field+`-wrong" aria-invalid="true"`,
			`<option value="huge" selected>huge</option>`, `name="options.project" value="P"`, `name="options.older" value="x"`)
		if got := strings.Count(page, `aria-invalid="true"`); got != 1 {
			t.Errorf("%s: %d fields are wrong", field, got)
		}
	}
}

func TestALinkFillsOptionsIn(t *testing.T) {
	w := newWorld(t)
	page := w.page("new?option=size=large&option=project=a=b", "")
	wants(t, page, `<option value="large" selected>`, `name="options.project" value="a=b"`, "A link has filled in")
	page = w.page("new?option=size=huge&option=unknown=1&option=project&option=project="+strings.Repeat("x", dashboard.MaxPath+1)+"&options.size=large", "")
	lacks(t, page, "A link has filled in", "huge", "unknown", "selected>Large")
}

// What an operator writes, and what is in a dashboard, is text to the page.
func TestSecurityOptionsAreEscaped(t *testing.T) {
	w := newWorld(t)
	const hostile = `"><script>alert(1)</script>'{{.}}`
	const name = `x"><img/src=x/onerror=alert(2)>`
	w.offer(
		dashboard.Option{Name: name, Label: hostile, Hint: hostile, Choices: []dashboard.Choice{{Value: hostile, Label: hostile}}},
		dashboard.Option{Name: name + "2", Label: hostile, Hint: hostile},
	)
	d := w.service.Get("demostopped2")
	d.Options = map[string]any{name: hostile, name + "2": hostile, name + "3": hostile}
	w.service.Put(d)
	for _, path := range []string{"new", "new?option=" + url.QueryEscape(name+"2="+hostile), "dashboard/demostopped2/edit", "dashboard/demostopped2"} {
		page := w.page(path, "")
		lacks(t, page, "<script>alert", "<img/src", hostile, name)
		wants(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	}
}

func TestRulesHaveOptions(t *testing.T) {
	w := newWorld(t)
	var rules api.Rules
	w.call("GET", "rules", "", &rules)
	want := []api.Option{
		{Name: "size", Label: "Size", Hint: "Large servers are few: take one only if it is needed.", Inherit: true, Choices: []api.Choice{
			{Value: "small", Label: "Small: 1 core, 2 GB"}, {Value: "large", Label: "Large: 8 cores, 32 GB"}, {Value: 2.0, Label: "Two GPUs"},
		}},
		{Name: "project", Label: "Project", Choices: []api.Choice{}},
	}
	if !reflect.DeepEqual(rules.Options, want) {
		t.Errorf("got %+v", rules.Options)
	}
}

// The operator's pattern for paths is told before a path is refused by it.
func TestThePatternOfPathsIsTold(t *testing.T) {
	w := newWorld(t)
	all := w.service.RulesFor
	lacks(t, w.page("new", ""), "pattern")
	w.service.RulesFor = func(v dashboard.Visitor) dashboard.Rules {
		rules := all(v)
		rules.PathPattern = `shared/<b>.*\.ipynb`
		return rules
	}
	wants(t, w.page("new", ""), `have to match this pattern: <code>shared/&lt;b&gt;.*\.ipynb</code></p>`)
}
