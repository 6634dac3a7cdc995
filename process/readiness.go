package process

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	firstPause = 20 * time.Millisecond
	lastPause  = 500 * time.Millisecond
	// probeTimeout bounds one question to the app.
	probeTimeout = 10 * time.Second
)

// awaitReady returns when the app gives any HTTP answer on path, and an error
// when ctx ends before. Redirects are answers and are not followed.
//
// It asks by HEAD first, since a GET can cost a lot: Voila runs the whole
// notebook for one. An app that breaks off at HEAD is asked by GET.
func awaitReady(ctx context.Context, dial func(context.Context) (net.Conn, error), path string) error {
	client := &http.Client{
		Transport: &http.Transport{
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			DisableKeepAlives: true,
		},
		Timeout:       probeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	method := http.MethodHead
	for pause := firstPause; ; pause = min(pause*3/2, lastPause) {
		err := ask(ctx, client, method, path)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			method = other(method)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func ask(ctx context.Context, client *http.Client, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "jhsingle-native-proxy readiness")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	// The connection is closed with the body; the rest of it is of no use.
	_, _ = io.CopyN(io.Discard, resp.Body, 1)
	return resp.Body.Close()
}

func other(method string) string {
	if method == http.MethodHead {
		return http.MethodGet
	}
	return http.MethodHead
}
