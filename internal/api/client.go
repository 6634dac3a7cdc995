package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Client calls a Dashboards service. It is safe for concurrent use. Its errors
// are a *Problem where the service, or the gate before it, said what is wrong, an
// *Unreachable where there was no usable answer, and the context's.
type Client struct {
	base    *url.URL
	token   string
	agent   string
	http    *http.Client
	timing  timing
	waiting func(err error, wait time.Duration)
}

// Config is what a client needs.
type Config struct {
	// Service is the service's address, with its prefix: see ParseService.
	Service *url.URL
	// Token is a token of the hub's. It goes to this service only.
	Token string
	// Agent is the User-Agent.
	Agent string
	// Transport carries the calls; nil is a new one, with timeouts.
	Transport http.RoundTripper
	// Waiting, if not nil, is told when a call is going to be repeated.
	Waiting func(err error, wait time.Duration)
	// Once has no call repeated.
	Once bool
}

// NewClient makes a client.
func NewClient(config Config) (*Client, error) {
	if !validToken(config.Token) {
		return nil, errors.New("the token has characters in it that no token of JupyterHub's has")
	}
	c := &Client{base: config.Service, token: config.Token, agent: config.Agent, timing: defaultTiming, waiting: config.Waiting}
	if config.Once {
		c.timing.tries = 1
	}
	transport := config.Transport
	if transport == nil {
		transport = newTransport()
	}
	c.http = &http.Client{
		Transport: transport,
		// The API redirects nobody, so a redirect leads to where the token is none
		// of anybody's business.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// servicePath is where JupyterHub has its services (services/service.py:
// Service.prefix), and what may follow in a browser's address bar.
var servicePath = regexp.MustCompile(`^(.*?/services/[^/]+)(?:/.*)?$`)

// ParseService reads the address of a service as people write it or copy it from
// their browser's address bar.
func ParseService(text string) (*url.URL, error) {
	const wanted = "an address such as https://hub.example.org/services/dashboards/"
	parsed, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err == nil && parsed.User != nil: // it is not said again: it may be a secret
		return nil, errors.New("holds a user or a password, which do not belong into an address: give " + wanted)
	case err != nil || parsed.Host == "" || parsed.Hostname() == "" || (parsed.Scheme != "http" && parsed.Scheme != "https"):
		return nil, fmt.Errorf("is %q, but wants %s", text, wanted)
	}
	path := parsed.EscapedPath()
	if found := servicePath.FindStringSubmatch(path); found != nil {
		path = found[1]
	}
	// Not by reference, as a path that begins with two slashes is another host then.
	return url.Parse(parsed.Scheme + "://" + parsed.Host + strings.TrimRight(path, "/") + "/")
}

// Link makes a whole address of one that the service gave: a path on the hub's
// host, which is base's, or an address. It is for browsers, so it is of the web or
// an error.
func Link(base *url.URL, given string) (string, error) {
	link, err := base.Parse(given)
	if err != nil || (link.Scheme != "http" && link.Scheme != "https") || link.Hostname() == "" || link.User != nil {
		return "", &Unreachable{Message: "the service gave a link that is none of the web"}
	}
	return link.String(), nil
}

// User is who the token belongs to.
func (c *Client) User(ctx context.Context) (User, error) { return get[User](ctx, c, "user", nil) }

// Rules are what the user can do, and choose from.
func (c *Client) Rules(ctx context.Context) (Rules, error) { return get[Rules](ctx, c, "rules", nil) }

// Servers are the user's servers that can be cloned.
func (c *Client) Servers(ctx context.Context) ([]Server, error) {
	found, err := get[Items[Server]](ctx, c, "servers", nil)
	return found.Items, err
}

// People finds users and groups whose names begin with a text.
func (c *Client) People(ctx context.Context, text string) (People, error) {
	return get[People](ctx, c, "people", url.Values{"q": {text}})
}

// Query is which dashboards are wanted; what is empty is the service's default.
type Query struct {
	// Whose is all, mine or others; Order is asc or desc.
	Whose, Owner, Group, Text, Sort, Order string
	// Page counts from 1.
	Page, PerPage int
}

func (q Query) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"whose": q.Whose, "owner": q.Owner, "group": q.Group, "q": q.Text, "sort": q.Sort, "order": q.Order} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, value := range map[string]int{"page": q.Page, "per_page": q.PerPage} {
		if value > 0 {
			values.Set(name, strconv.Itoa(value))
		}
	}
	return values
}

// List returns a page of dashboards.
func (c *Client) List(ctx context.Context, query Query) (Page, error) {
	return get[Page](ctx, c, "dashboards", query.values())
}

// pageSize is how many dashboards are asked for at a time.
const pageSize = 200

// All returns the dashboards of all pages, at most limit, and how many there are.
func (c *Client) All(ctx context.Context, query Query, limit int) ([]Dashboard, int, error) {
	all := []Dashboard{}
	total, seen := 0, map[string]bool{}
	for query.Page = 1; len(all) < limit; query.Page++ {
		query.PerPage = pageSize // the same for each page, or they would not meet
		page, err := c.List(ctx, query)
		if err != nil {
			return nil, 0, err
		}
		total = page.Total
		for _, d := range page.Items {
			// Between two pages, one may have moved from the first to the second.
			if !seen[d.ID] && len(all) < limit {
				seen[d.ID] = true
				all = append(all, d)
			}
		}
		if len(page.Items) == 0 || query.Page*pageSize >= total {
			break
		}
	}
	return all, total, nil
}

// Dashboard returns one dashboard.
func (c *Client) Dashboard(ctx context.Context, id string) (Dashboard, error) {
	return get[Dashboard](ctx, c, "dashboards/"+url.PathEscape(id), nil)
}

// Create makes a dashboard, and begins to build it.
func (c *Client) Create(ctx context.Context, d New) (Created, error) {
	return send[Created](ctx, c, http.MethodPost, "dashboards", JSON, d)
}

// Edit changes a dashboard.
func (c *Client) Edit(ctx context.Context, id string, change Change) (Dashboard, error) {
	return send[Dashboard](ctx, c, http.MethodPatch, "dashboards/"+url.PathEscape(id), MergePatch, change)
}

// Share lets more people in, and Unshare fewer.
func (c *Client) Share(ctx context.Context, id string, with Access) (Dashboard, error) {
	return send[Dashboard](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/share", JSON, with)
}

// Unshare takes what is named from those who may open a dashboard.
func (c *Client) Unshare(ctx context.Context, id string, with Access) (Dashboard, error) {
	return send[Dashboard](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/unshare", JSON, with)
}

// Rebuild, Start, Stop and Delete begin something.
func (c *Client) Rebuild(ctx context.Context, id string) (Job, error) {
	return send[Job](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/rebuild", "", nil)
}

// Start begins to start a dashboard's server.
func (c *Client) Start(ctx context.Context, id string) (Job, error) {
	return send[Job](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/start", "", nil)
}

// Stop begins to stop it.
func (c *Client) Stop(ctx context.Context, id string) (Job, error) {
	return send[Job](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/stop", "", nil)
}

// Delete begins to take a dashboard away.
func (c *Client) Delete(ctx context.Context, id string) (Job, error) {
	return send[Job](ctx, c, http.MethodDelete, "dashboards/"+url.PathEscape(id), "", nil)
}

// Open makes a dashboard ready for the user.
func (c *Client) Open(ctx context.Context, id string) (Opening, error) {
	return send[Opening](ctx, c, http.MethodPost, "dashboards/"+url.PathEscape(id)+"/open", "", nil)
}

// Jobs are what was and is done to a dashboard, the newest first.
func (c *Client) Jobs(ctx context.Context, id string) ([]Job, error) {
	found, err := get[Items[Job]](ctx, c, "dashboards/"+url.PathEscape(id)+"/jobs", nil)
	return found.Items, err
}

// Revisions are a dashboard's snapshots, the newest first.
func (c *Client) Revisions(ctx context.Context, id string) ([]Revision, error) {
	found, err := get[Items[Revision]](ctx, c, "dashboards/"+url.PathEscape(id)+"/revisions", nil)
	return found.Items, err
}

// Job says how far a job is.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	return get[Job](ctx, c, "jobs/"+url.PathEscape(id), nil)
}

// Log is a job's log, the lines after a number only.
func (c *Client) Log(ctx context.Context, job string, after int) ([]LogLine, error) {
	found, err := get[Items[LogLine]](ctx, c, "jobs/"+url.PathEscape(job)+"/log", url.Values{"after": {strconv.Itoa(after)}})
	return found.Items, err
}

// Thumbnail is a dashboard's picture.
func (c *Client) Thumbnail(ctx context.Context, id string) ([]byte, error) {
	return c.call(ctx, request{method: http.MethodGet, path: "dashboards/" + url.PathEscape(id) + "/thumbnail", accept: "image/*"})
}

// SetThumbnail sets a dashboard's picture.
func (c *Client) SetThumbnail(ctx context.Context, id, kind string, content []byte) error {
	_, err := c.call(ctx, request{method: http.MethodPut, path: "dashboards/" + url.PathEscape(id) + "/thumbnail", kind: kind, body: content})
	return err
}

// RemoveThumbnail takes a dashboard's picture away.
func (c *Client) RemoveThumbnail(ctx context.Context, id string) error {
	_, err := c.call(ctx, request{method: http.MethodDelete, path: "dashboards/" + url.PathEscape(id) + "/thumbnail"})
	return err
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	answer, err := c.call(ctx, request{method: http.MethodGet, path: path, query: query, accept: JSON})
	return decode[T](answer, err)
}

func send[T any](ctx context.Context, c *Client, method, path, kind string, in any) (T, error) {
	r := request{method: method, path: path, kind: kind, accept: JSON}
	if in != nil {
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(in); err != nil {
			var none T
			return none, fmt.Errorf("cannot write the request: %w", err)
		}
		r.body = body.Bytes()
	}
	answer, err := c.call(ctx, r)
	return decode[T](answer, err)
}

func decode[T any](answer []byte, err error) (T, error) {
	var out T
	if err != nil {
		return out, err
	}
	// What is not known is of a newer service, and is passed over.
	if err := json.Unmarshal(answer, &out); err != nil {
		var none T
		return none, notService(err)
	}
	return out, nil
}
