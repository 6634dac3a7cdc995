//go:build e2e

package docker

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// is says what a request asks for, without the API's version.
func is(r *http.Request, method, ending string) bool {
	return r.Method == method && strings.HasSuffix(r.URL.Path, ending)
}

// times makes a condition true the n-th time that it is met, and not again.
func times(n int32, met func(*http.Request) bool, do func()) func(*http.Request) {
	var count atomic.Int32
	return func(r *http.Request) {
		if met(r) && count.Add(1) == n {
			do()
		}
	}
}

// holdCommit holds the answer to the commit back until the server goes on, so that
// it is not what the cloner waits for.
func holdCommit(t *testing.T, p *engine.Proxy) {
	goesOn := make(chan struct{})
	p.Before = times(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/unpause") }, func() { close(goesOn) })
	p.After = answered(1, func(r *http.Request) bool { return is(r, http.MethodPost, "/commit") }, func() {
		select {
		case <-goesOn:
		case <-time.After(patience):
			t.Error("the server stands still until the commit is done")
		}
	})
}

// cut ends an answer early.
func cut(response *http.Response, bytes int64) {
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, bytes), response.Body}
}
