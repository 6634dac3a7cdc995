package docker

import (
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestParseListing(t *testing.T) {
	t.Parallel()
	got := parseListing([]byte("f 12 nb.ipynb\x00d 4096 work\x00f 1 a b  c\x00f 1 .hidden\x00l 1 broken\x00s 0 socket\x00f x y\x00f -1 y\x00f 1 ../x\x00f 1 ..\x00f 1 a/b\x00"+
		"f 1 two\nlines\x00f 1 \xff\x00f 1 id_rsa\x00\x00f 1\x00f 1 \x00f 1 -rf\x00f 1 cut"), rules(t, ""))
	want := []dashboard.Entry{{Name: "nb.ipynb", Bytes: 12}, {Name: "work", Folder: true}, {Name: "a b  c", Bytes: 1}, {Name: "-rf", Bytes: 1}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, not %+v", got[i], want[i])
		}
	}
}

func FuzzParseListing(f *testing.F) {
	f.Add([]byte("f 12 nb.ipynb\x00d 4096 work\x00"))
	f.Fuzz(func(t *testing.T, listing []byte) {
		for _, entry := range parseListing(listing, rules(t, "")) {
			if entry.Name == "" || entry.Name == ".." || strings.ContainsAny(entry.Name, "/\x00\n") || entry.Bytes < 0 {
				t.Errorf("%+v", entry)
			}
		}
	})
}
