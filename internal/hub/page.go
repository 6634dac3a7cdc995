package hub

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
)

const (
	// paginated asks the hub for pages (apihandlers/base.py, since JupyterHub 2).
	// Without, it cuts a list off and does not say so.
	paginated = "application/jupyterhub-pagination+json"
	// pageSize is how many are asked for at a time: with hundreds of servers each,
	// and their options, a page stays well below maxPage.
	pageSize = 50
	// maxPage bounds a page, in bytes.
	maxPage = 32 << 20
	// maxItems bounds a list, whatever a hub says.
	maxItems = 1_000_000
)

// pages calls each with one item of a list after the other; with a limit, not with
// more than so many. It ends with the first error, of the hub's or of each.
func pages[T any](ctx context.Context, c *Client, path string, values url.Values, limit int, each func(T) error) error {
	if limit <= 0 {
		limit = maxItems
	}
	for offset, seen := 0, 0; ; {
		values.Set("offset", strconv.Itoa(offset))
		values.Set("limit", strconv.Itoa(min(pageSize, limit-seen)))
		var page struct {
			Items      []T `json:"items"`
			Pagination *struct {
				Next *struct {
					Offset int `json:"offset"`
				} `json:"next"`
			} `json:"_pagination"`
		}
		request := request{address: c.URL(path) + "?" + values.Encode(), token: c.token, accept: paginated, limit: maxPage}
		if _, err := c.call(ctx, request, &page); err != nil {
			return err
		}
		if page.Pagination == nil {
			return fmt.Errorf("%w: its list of %s has no pages", ErrUnavailable, path)
		}
		for _, item := range page.Items {
			if seen++; seen > limit {
				return nil
			}
			if err := each(item); err != nil {
				return err
			}
		}
		switch next := page.Pagination.Next; {
		case next == nil || seen >= limit:
			return nil
		case next.Offset <= offset:
			return fmt.Errorf("%w: its list of %s does not go on", ErrUnavailable, path)
		default:
			offset = next.Offset
		}
	}
}
