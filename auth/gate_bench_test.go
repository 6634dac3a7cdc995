package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// blank is a writer that keeps nothing.
type blank struct{ header http.Header }

func (b blank) Header() http.Header         { return b.header }
func (b blank) Write(p []byte) (int, error) { return len(p), nil }
func (b blank) WriteHeader(int)             {}

// BenchmarkGate is the hot path: a login cookie whose verdict is known.
func BenchmarkGate(b *testing.B) {
	benchmarkGate(b, func(w *world, next http.Handler) http.Handler { return w.gate.Wrap(next) })
}

// BenchmarkOpenGate is the same request without authentication.
func BenchmarkOpenGate(b *testing.B) {
	benchmarkGate(b, func(w *world, next http.Handler) http.Handler {
		open, err := NewOpen(w.gate.env, nil)
		if err != nil {
			b.Fatal(err)
		}
		return open.Wrap(next)
	})
}

func benchmarkGate(b *testing.B, wrap func(*world, http.Handler) http.Handler) {
	w := newWorld(b, nil)
	cookie, _ := w.signIn("ada-token", home)
	cookie += "; jupyterhub-session-id=0123456789abcdef0123456789abcdef; _xsrf=2|12345678|0123456789abcdef0123456789abcdef|1700000000"
	passed := 0
	handler := wrap(w, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }))
	r := httptest.NewRequest(http.MethodGet, home+"x?a=1", nil)
	r.RequestURI = home + "x?a=1"
	r.Header = http.Header{"User-Agent": {"b"}, "Accept": {"*/*"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"}}
	lines := []string{cookie}
	writer := blank{http.Header{}}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r.Header["Cookie"] = append(lines[:0:0], cookie)
		handler.ServeHTTP(writer, r)
	}
	if passed != b.N {
		b.Fatalf("%d of %d requests passed", passed, b.N)
	}
}
