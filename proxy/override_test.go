package proxy

import (
	"net/textproto"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

func TestBadOverrideIsRefused(t *testing.T) {
	for want, header := range map[string][2]string{
		`"X Y", which is no header name`:      {"X Y", "1"},
		`"", which is no header name`:         {"", "1"},
		`"X:", which is no header name`:       {"X:", "1"},
		`"connection", which is about`:        {"connection", "close"},
		`"Content-Length", which is about`:    {"Content-Length", "0"},
		`"Transfer_Encoding", which is about`: {"Transfer_Encoding", "chunked"},
		`"Upgrade", which is about`:           {"Upgrade", "websocket"},
		`"Sec-WebSocket-Key", which the`:      {"Sec-WebSocket-Key", "x"},
		`"a\r\nX: b", which has a line break`: {"X-A", "a\r\nX: b"},
		`"a\x00", which has a line break`:     {"X-A", "a\x00"},
		`the value "a b": it is a name`:       {"Host", "a b"},
		`the value "": it is a name`:          {"host", ""},
		`the value "http://a/": it is a name`: {"HOST", "http://a/"},
	} {
		_, err := newOverrides(map[string]string{header[0]: header[1]}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--request-headers-override") {
			t.Errorf("%q: got %v", header, err)
		}
	}
	if _, err := newOverrides(map[string]string{"X-A": "1", "x_a": "2"}, nil); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
	if _, err := newOverrides(map[string]string{"X-A": "{nope}"}, process.Variables{"base_url": "/x"}); err == nil || !strings.Contains(err.Error(), `header "X-A"`) || !strings.Contains(err.Error(), "{nope}") {
		t.Errorf("got %v", err)
	}
}

func TestOverrideIsRenderedForEachStart(t *testing.T) {
	o, err := newOverrides(map[string]string{"Host": "localhost:{port}", "X-Where": "{unix_socket}|{base_url}|{{}}"}, process.Variables{"base_url": "/user/ada"})
	if err != nil {
		t.Fatal(err)
	}
	now := process.Status{Port: 5000}
	status := func() process.Status { return now }
	first, err := o.at(status)
	if err != nil || first.host != "localhost:5000" || first.fields[0].value != "|/user/ada|{}" {
		t.Errorf("got %+v, %v", first, err)
	}
	if again, _ := o.at(status); again != first {
		t.Error("it was rendered again for the same start")
	}
	now = process.Status{Port: 5001}
	if next, _ := o.at(status); next.host != "localhost:5001" {
		t.Errorf("at another port: got %+v", next)
	}
	now = process.Status{Port: 5001, Socket: "/tmp/s"}
	if next, _ := o.at(status); next.host != "localhost:5001" || next.fields[0].value != "/tmp/s|/user/ada|{}" {
		t.Errorf("got %+v", next)
	}
	plain, err := newOverrides(map[string]string{"X-A": "{port}"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := plain.at(status); r.fields[0].value != "{port}" {
		t.Errorf("got %+v", r)
	}
}

// FuzzOverride looks for a name or a value that would be more than one field, or
// that lets a visitor's header of the same meaning through.
func FuzzOverride(f *testing.F) {
	f.Add("X-A", "1", "x_a")
	f.Add("Host", "localhost:1", "Host")
	f.Add("X\r\nY", "1\r\n", "X")
	f.Fuzz(func(t *testing.T, name, value, visitors string) {
		o, err := newOverrides(map[string]string{name: value}, nil)
		if err != nil {
			return
		}
		r, err := o.at(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range append(r.fields, field{"Host", r.host}) {
			if strings.ContainsAny(f.name+f.value, "\r\n\x00") || strings.ContainsAny(f.name, ": ") || isHopByHop(textproto.CanonicalMIMEHeaderKey(f.name)) {
				t.Errorf("%q: %q is written", f.name, f.value)
			}
		}
		if httpguts.ValidHeaderFieldName(visitors) && strings.EqualFold(strings.ReplaceAll(visitors, "_", "-"), strings.ReplaceAll(name, "_", "-")) &&
			!o.have(textproto.CanonicalMIMEHeaderKey(visitors)) {
			t.Errorf("the visitor's %q passes beside %q", visitors, name)
		}
	})
}
