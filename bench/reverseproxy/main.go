// Command reverseproxy is what the standard library gives for nothing: the least
// that a proxy in Go costs. It checks no login and knows no prefix.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on")
	upstream := flag.String("upstream", "", "URL to proxy to")
	untuned := flag.Bool("untuned", false, "change nothing of the library's defaults")
	flag.Parse()
	target, err := url.Parse(*upstream)
	if err != nil || target.Host == "" {
		log.Fatalf("-upstream %q is no URL", *upstream)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	if !*untuned {
		tune(proxy)
	}
	log.Fatal(http.ListenAndServe(*address, proxy))
}

// tune sets what a proxy with one upstream should: connections are kept (the
// default keeps two), bodies pass untouched and at once, buffers are used again.
func tune(proxy *httputil.ReverseProxy) {
	proxy.Transport = &http.Transport{
		MaxIdleConns:        100,
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true,
	}
	proxy.FlushInterval = -1
	proxy.BufferPool = &buffers{pool: sync.Pool{New: func() any {
		buffer := make([]byte, 32<<10)
		return &buffer
	}}}
}

// buffers is a pool for the copying of bodies. It holds pointers, because a
// slice put into a Pool would be allocated once more each time.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
