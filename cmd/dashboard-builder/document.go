package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// document is what export writes and import reads: how dashboards are defined, and
// not what they were made into.
type document struct {
	Format string `json:"format"`
	// Version changes when an older program could not read it any more.
	Version  int       `json:"version"`
	Exported time.Time `json:"exported"`
	// Service is where it is from.
	Service    string    `json:"service,omitempty"`
	Dashboards []api.New `json:"dashboards"`
}

// What a document is.
const (
	documentFormat  = "dashboard-builder"
	documentVersion = 1
	// maxDocument bounds it, in bytes, and maxDashboards what is in it.
	maxDocument   = 32 << 20
	maxDashboards = maxLooked
)

// definitionOf is how a dashboard is defined.
func definitionOf(d api.Dashboard) api.New {
	return api.New{
		Name: d.Name, Description: d.Description, Source: d.Detail.Source, App: d.Detail.App,
		Access: &d.Detail.Access, PerViewer: d.PerViewer, Options: d.Detail.Options,
	}
}

// parseDocument reads a document, which people may have written. What it returns is
// what the service can be asked for.
func parseDocument(content []byte) (document, error) {
	// A document of a newer program is told from one with mistakes in it.
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	switch err := json.Unmarshal(content, &head); {
	case err != nil && !errors.As(err, new(*json.UnmarshalTypeError)):
		return document{}, fmt.Errorf("is not JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
	case err != nil || head.Format != documentFormat || head.Version < 1:
		return document{}, fmt.Errorf(`is not what "%s export" writes: it has no "format": %q and "version": %d`, programName, documentFormat, documentVersion)
	case head.Version > documentVersion:
		return document{}, fmt.Errorf("has version %d, but this program reads up to version %d: take a newer one", head.Version, documentVersion)
	}
	reader := json.NewDecoder(bytes.NewReader(content))
	reader.DisallowUnknownFields()
	var d document
	if err := reader.Decode(&d); err != nil {
		return document{}, fmt.Errorf("is not what it should be: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return document{}, errors.New("has something behind its end")
	}
	if len(d.Dashboards) > maxDashboards {
		return document{}, fmt.Errorf("has %d dashboards, but at most %d are taken", len(d.Dashboards), maxDashboards)
	}
	names := map[string]bool{}
	for i := range d.Dashboards {
		made := &d.Dashboards[i]
		if err := tidy(made); err != nil {
			return document{}, fmt.Errorf("has a mistake in dashboard %d, %q: %w", i+1, made.Name, err)
		}
		folded := dashboard.FoldName(made.Name)
		if names[folded] {
			return document{}, fmt.Errorf("has two dashboards of the name %q", made.Name)
		}
		names[folded] = true
	}
	return d, nil
}

// tidy is what the service will do with a definition, so that mistakes are found
// before anything is begun.
func tidy(made *api.New) error {
	d := dashboard.Dashboard{Name: made.Name, Description: made.Description, Source: made.Source.Plain(), App: made.App.Plain()}
	if made.Access != nil {
		d.Access = made.Access.Plain()
	}
	if err := d.Check(); err != nil {
		if wrong, ok := errors.AsType[*dashboard.Error](err); ok && wrong.Field != "" {
			return fmt.Errorf("%s: %w", wrong.Field, err)
		}
		return err
	}
	made.Name, made.Description = d.Name, d.Description
	made.Source, made.App = api.SourceOf(d.Source), api.AppOf(d.App)
	if made.Access != nil {
		access := api.AccessOf(d.Access)
		made.Access = &access
	}
	return nil
}

// becoming is the merge patch (RFC 7396) by which an object becomes another.
func becoming(old, wanted map[string]any) map[string]any {
	patch := map[string]any{}
	for name := range old {
		if _, stays := wanted[name]; !stays {
			patch[name] = nil
		}
	}
	for name, value := range wanted {
		before, was := old[name].(map[string]any)
		if after, is := value.(map[string]any); was && is {
			value = becoming(before, after)
		}
		patch[name] = value
	}
	return patch
}
