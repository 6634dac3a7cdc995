package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

// document is as much of the OpenAPI document as is compared.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas    map[string]schema          `json:"schemas"`
		Parameters map[string]json.RawMessage `json:"parameters"`
		Responses  map[string]json.RawMessage `json:"responses"`
	} `json:"components"`
}

type schema struct {
	Type       string                     `json:"type"`
	Required   []string                   `json:"required"`
	Properties map[string]json.RawMessage `json:"properties"`
}

func readDocument(t *testing.T) document {
	t.Helper()
	w := newWorld(t)
	var d document
	answer := w.call("GET", "openapi.json", "", &d)
	if answer.Code != 200 || answer.Header().Get("Content-Type") != "application/json" || d.OpenAPI != "3.1.0" {
		t.Fatalf("got %d, %v, %s", answer.Code, answer.Header(), d.OpenAPI)
	}
	return d
}

// TestOpenAPIHasEveryRoute walks the routes and the document, both ways.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	described := map[string]bool{}
	for path, operations := range readDocument(t).Paths {
		for method := range operations {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	routed := map[string]bool{}
	for _, r := range newWorld(t).site.routes() {
		if r.kind == forScripts {
			path := "/" + strings.TrimPrefix(r.path, api.Path)
			path = strings.Replace(strings.Replace(path, "/jobs/{id}", "/jobs/{job}", 1), "/dashboards/{id}", "/dashboards/{dashboard}", 1)
			routed[r.method+" "+path] = true
		}
	}
	if len(routed) < 20 || !maps.Equal(described, routed) {
		t.Errorf("described: %v\nrouted: %v", sorted(described), sorted(routed))
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// TestOpenAPIHasEveryField compares the types with the schemas, both ways.
func TestOpenAPIHasEveryField(t *testing.T) {
	types := map[string]any{
		"Dashboard": api.Dashboard{}, "Detail": api.Detail{}, "Source": api.Source{}, "App": api.App{}, "Access": api.Access{},
		"New": api.New{}, "Change": api.Change{}, "Page": api.Page{}, "Created": api.Created{}, "Job": api.Job{}, "LogLine": api.LogLine{},
		"Opening": api.Opening{}, "Revision": api.Revision{}, "Server": api.Server{}, "Entry": api.Entry{}, "People": api.People{},
		"User": api.User{}, "Rules": api.Rules{}, "Option": api.Option{}, "Choice": api.Choice{}, "Framework": api.Framework{}, "Sharing": api.Sharing{}, "Problem": api.Problem{},
	}
	sent := map[string]bool{"Source": true, "App": true, "Access": true, "New": true, "Change": true}
	schemas := readDocument(t).Components.Schemas
	for name := range schemas {
		if _, ok := types[name]; !ok && schemas[name].Type == "object" {
			t.Errorf("the schema %s is of no type", name)
		}
	}
	for name, value := range types {
		described, ok := schemas[name]
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		fields, always := map[string]bool{}, map[string]bool{}
		for field := range reflect.TypeOf(value).Fields() {
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields[tag] = true
			if options != "omitempty" {
				always[tag] = true
			}
		}
		properties, required := map[string]bool{}, map[string]bool{}
		for property := range described.Properties {
			properties[property] = true
		}
		for _, property := range described.Required {
			required[property] = true
			if !properties[property] {
				t.Errorf("%s requires %s, which it does not have", name, property)
			}
		}
		if !maps.Equal(fields, properties) {
			t.Errorf("%s has the fields %v, and the schema %v", name, sorted(fields), sorted(properties))
		}
		// What is sent to us may lack what has a default.
		if !sent[name] && !maps.Equal(always, required) {
			t.Errorf("%s always has %v, and the schema requires %v", name, sorted(always), sorted(required))
		}
	}
}

// TestOpenAPIRefersToWhatIsThere follows every $ref.
func TestOpenAPIRefersToWhatIsThere(t *testing.T) {
	var whole any
	if err := json.Unmarshal(api.OpenAPI, &whole); err != nil {
		t.Fatal(err)
	}
	followed := 0
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if reference, ok := v["$ref"].(string); ok {
				followed++
				target := whole
				for part := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
					object, _ := target.(map[string]any)
					target = object[part]
				}
				if target == nil {
					t.Errorf("%s leads nowhere", reference)
				}
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(whole)
	if followed < 30 {
		t.Errorf("only %d references were followed", followed)
	}
}

// TestEveryRouteAnswers asks for everything that can be read, as its owner.
func TestEveryRouteAnswers(t *testing.T) {
	w := newWorld(t)
	fill := strings.NewReplacer("{$}", "", "{group}", "finance", "{version}/{name}", w.site.assets.version+"/style.css", "{id}/{version}", "demorunning2/v1")
	asked := 0
	for _, r := range w.site.routes() {
		path := fill.Replace(r.path)
		path = strings.Replace(path, "jobs/{id}", "jobs/job1", 1)
		path = strings.Replace(path, "{id}", "demorunning2", 1)
		if r.method != http.MethodGet {
			continue
		}
		if strings.HasSuffix(path, "browse") {
			path += "?kind=server"
		}
		asked++
		answer := w.do(request{path: path, token: true})
		if want := http.StatusOK; answer.Code != want && !(strings.HasPrefix(path, "open/") && answer.Code == http.StatusSeeOther) {
			t.Errorf("%s: got %d: %s", path, answer.Code, answer.Body)
		}
	}
	if asked < 20 {
		t.Errorf("only %d routes were asked for", asked)
	}
}
