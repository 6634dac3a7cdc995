//go:build e2e

package dashboards

import (
	"bytes"
	"fmt"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/internal/thumbnail"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// lateApp becomes what it is by and by, as apps do that have a kernel behind them:
// its page comes in parts, turns something round, and gets what it shows by a
// websocket.
func lateApp(t *testing.T) *url.URL {
	t.Helper()
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "token secret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if websocket.IsWebSocketUpgrade(r) {
			connection, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			time.Sleep(2 * time.Second) // as slow as a kernel
			_ = connection.WriteMessage(websocket.TextMessage, []byte("#00c000"))
			_, _, _ = connection.ReadMessage()
			return
		}
		fmt.Fprint(w, `<!DOCTYPE html><style>@keyframes turn { to { transform: rotate(1turn); } }
			#wait { width: 200px; height: 40px; background: #c00000; animation: turn 1s linear infinite; margin: 200px; }</style>`)
		w.(http.Flusher).Flush()
		time.Sleep(500 * time.Millisecond) // as slow as a notebook's cells
		fmt.Fprint(w, `<script>
			const socket = new WebSocket("ws://" + location.host + location.pathname);
			socket.onopen = () => { document.body.innerHTML = '<div id="wait"></div>'; };
			socket.onmessage = (event) => { document.body.innerHTML = ""; document.body.style.background = event.data; };
		</script>`)
	}))
	t.Cleanup(server.Close)
	page, err := url.Parse(server.URL + "/user/ada/late/")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// A picture is of what a dashboard shows, and not of how it waits.
func TestPictureOfALateApp(t *testing.T) {
	t.Parallel()
	chromium, err := bed.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	camera := thumbnail.Camera{Program: chromium, Arguments: []string{"--no-sandbox"}, Token: "secret", Transport: http.DefaultTransport}
	began := time.Now()
	content, err := camera.Take(t.Context(), lateApp(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes within %.1f s", len(content), time.Since(began).Seconds())
	picture, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 640 || size.Y != 400 {
		t.Errorf("it has %v pixels", size)
	}
	for _, at := range [][2]int{{10, 10}, {320, 200}, {630, 390}} {
		if got := color.NRGBAModel.Convert(picture.At(at[0], at[1])).(color.NRGBA); got.G < 170 || got.R > 40 || got.B > 40 {
			t.Errorf("at %v it is %v, which is not what the app shows", at, got)
		}
	}
}

// A page that never ends is taken as it is, and one that is none is an error.
func TestPictureOfAnOddApp(t *testing.T) {
	t.Parallel()
	chromium, err := bed.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/user/ada/endless") {
			fmt.Fprint(w, `<!DOCTYPE html><body style="background: blue">`)
			w.(http.Flusher).Flush()
			<-ended
		}
	}))
	defer server.Close()
	defer close(ended)
	page, err := url.Parse(server.URL + "/user/ada/endless/")
	if err != nil {
		t.Fatal(err)
	}
	camera := thumbnail.Camera{Program: chromium, Arguments: []string{"--no-sandbox"}, Token: "secret", Transport: http.DefaultTransport}
	content, err := camera.Take(t.Context(), page)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if got := color.NRGBAModel.Convert(picture.At(320, 200)).(color.NRGBA); got.B < 200 || got.R > 40 {
		t.Errorf("it is %v", got)
	}
	camera.Program = "/bin/false"
	if _, err := camera.Take(t.Context(), page); err == nil {
		t.Error("a browser that is none took a picture")
	}
}
