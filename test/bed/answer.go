package bed

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Answer is an HTTP answer that was read to its end.
type Answer struct {
	// URL is where it came from, after the redirects.
	URL    *url.URL
	Status int
	Header http.Header
	Body   []byte
	// Hops are the addresses on the way, the first one asked for first.
	Hops []string
}

// JSON decodes the body.
func (a *Answer) JSON(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("%s answered %d with no such JSON (%w): %.300s", a.URL, a.Status, err, a.Body)
	}
	return nil
}

func readAnswer(response *http.Response) (*Answer, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s broke off: %w", response.Request.URL, err)
	}
	return &Answer{URL: response.Request.URL, Status: response.StatusCode, Header: response.Header, Body: body}, nil
}
