package builder

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Camera takes pictures of dashboards for the list.
type Camera interface {
	// Take takes a picture of the page at an address.
	Take(ctx context.Context, page *url.URL) (picture []byte, err error)
	// Look asks for the page and returns its status.
	Look(ctx context.Context, page *url.URL) (status int, err error)
}

// photographLimit is how long a dashboard has to show itself, all in all.
const photographLimit = 5 * time.Minute

// photograph takes a picture of a dashboard that was just started, unless its
// owner has chosen one. Nobody waits for it, and it may fail: then there is none.
func (b *Builder) photograph(id, user, server string) {
	if b.Camera == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), photographLimit)
	stop := b.jobs.onStop(cancel)
	go func() {
		defer stop()
		defer cancel()
		if err := b.takePicture(ctx, id, user, server); err != nil {
			b.log.Info("there is no picture of a dashboard", "dashboard", id, "error", err)
		}
	}()
}

func (b *Builder) takePicture(ctx context.Context, id, user, server string) error {
	d, err := b.Store.Dashboard(ctx, id)
	if err != nil || (d.Thumbnail != "" && !strings.HasPrefix(d.Thumbnail, dashboard.AutomaticPicture)) {
		return err
	}
	account, err := b.Hub.Account(ctx, user)
	if err != nil {
		return err
	}
	known := account.Servers[server]
	if known.URL == "" {
		return errors.New("the hub tells no address of its server")
	}
	// All of the address is told where users have domains of their own.
	page, err := b.ProxyURL.Parse(known.URL)
	if err != nil {
		return err
	}
	// Until the app answers, there is a page of the proxy's.
	for {
		status, err := b.Camera.Look(ctx, page)
		if err == nil && status < http.StatusBadRequest {
			break
		}
		if err == nil && status != http.StatusServiceUnavailable {
			return fmt.Errorf("it answers with %d", status)
		}
		if err := pause(ctx, askAgain); err != nil {
			return err
		}
	}
	content, err := b.Camera.Take(ctx, page)
	if err != nil {
		return err
	}
	kind, err := checkPicture(content)
	if err != nil {
		return err
	}
	return b.Store.SetThumbnail(ctx, id, dashboard.Picture{Type: kind, Content: content, Automatic: true})
}
