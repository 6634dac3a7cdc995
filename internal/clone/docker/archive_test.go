package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const home = "/home/jovyan"

func rules(t testing.TB, patterns string) selected {
	t.Helper()
	parsed, err := ignore.Parse([]byte(patterns))
	if err != nil {
		t.Fatal(err)
	}
	return source{home: home, folder: home}.selected(parsed)
}

func newFilter(out io.Writer, rules selected) *filter {
	return &filter{out: tar.NewWriter(out), leaveOut: rules.leavesOut, maxBytes: 1 << 20, maxFiles: 1000, links: map[string]bool{}}
}

// pack makes an archive; files have content.
func pack(t testing.TB, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var made bytes.Buffer
	w := tar.NewWriter(&made)
	for _, header := range headers {
		header.Mode |= 0o644
		content := ""
		if header.Typeflag == tar.TypeReg && header.Size == 0 {
			content = "content"
			header.Size = int64(len(content))
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &made
}

func unpack(t testing.TB, r io.Reader) map[string]*tar.Header {
	t.Helper()
	found := map[string]*tar.Header{}
	for in := tar.NewReader(r); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[header.Name] = header
	}
}

func regular(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }

func link(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
}

func hard(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: to}
}

func copied(t *testing.T, patterns string, headers ...tar.Header) (map[string]*tar.Header, *filter) {
	t.Helper()
	var out bytes.Buffer
	f := newFilter(&out, rules(t, patterns))
	if err := errors.Join(f.copy(pack(t, headers...), home), f.out.Close()); err != nil {
		t.Fatal(err)
	}
	return unpack(t, &out), f
}

func namesOf(found map[string]*tar.Header) []string { return slices.Sorted(maps.Keys(found)) }

func TestFilterKeeps(t *testing.T) {
	t.Parallel()
	found, _ := copied(t, "",
		tar.Header{Typeflag: tar.TypeDir, Name: "jovyan/", Mode: 0o2755, Uid: 1000, Gid: 100, Uname: "ada"},
		tar.Header{Typeflag: tar.TypeReg, Name: "jovyan/a b\n\xff", Mode: 0o4755, Uid: 1000, PAXRecords: map[string]string{
			"SCHILY.xattr.user.x": "y", "SCHILY.xattr.security.capability": "z", "comment": "c",
		}},
		link("jovyan/link", "../../etc/passwd"), hard("jovyan/hard", "jovyan/a b\n\xff"),
	)
	if got, want := namesOf(found), []string{"home/jovyan/", "home/jovyan/a b\n\xff", "home/jovyan/hard", "home/jovyan/link"}; !slices.Equal(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
	if folder := found["home/jovyan/"]; folder.Mode != 0o2755 || folder.Uid != 1000 || folder.Gid != 100 || folder.Uname != "" {
		t.Errorf("%+v", folder)
	}
	file := found["home/jovyan/a b\n\xff"]
	if file.Mode != 0o755 || file.Size != 7 || file.PAXRecords["SCHILY.xattr.user.x"] != "y" || file.PAXRecords["SCHILY.xattr.security.capability"] != "" {
		t.Errorf("%+v", file)
	}
	if got := found["home/jovyan/hard"].Linkname; got != "home/jovyan/a b\n\xff" {
		t.Errorf("the hard link leads to %q", got)
	}
}

func TestSecurityFilterLeavesOutWhatIsHostile(t *testing.T) {
	t.Parallel()
	found, f := copied(t, "",
		regular("jovyan/good"), regular("../evil"), regular("/evil"), regular("jovyan/../evil"), regular("jovyan/../../evil"), regular("other/evil"), regular("jovyanx/evil"),
		regular("jovyan//evil"), regular("./jovyan/evil"), regular("jovyan/./evil"), regular("jovyan/"+strings.Repeat("x", maxPath)),
		link("jovyan/out", "/etc"), regular("jovyan/out/passwd"), regular("jovyan/out/deep/passwd"), hard("jovyan/h1", "jovyan/out/passwd"),
		hard("jovyan/h2", "/etc/passwd"), hard("jovyan/h3", "../etc/passwd"), hard("jovyan/h4", "etc/passwd"),
		link("jovyan/long", strings.Repeat("x", maxPath+1)),
	)
	if got, want := namesOf(found), []string{"home/jovyan/good", "home/jovyan/out"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if f.strange != 17 {
		t.Errorf("%d were found strange", f.strange)
	}
}

func TestSecurityFilterLeavesOutDevicesAndSecrets(t *testing.T) {
	t.Parallel()
	found, f := copied(t, "/data/\n*.tmp\n!a/.env\n",
		tar.Header{Typeflag: tar.TypeChar, Name: "jovyan/null", Devmajor: 1, Devminor: 3}, tar.Header{Typeflag: tar.TypeBlock, Name: "jovyan/disk"},
		tar.Header{Typeflag: tar.TypeFifo, Name: "jovyan/pipe"},
		regular("jovyan/.ssh/id"), regular("jovyan/.env"), regular("jovyan/b/.env"), regular("jovyan/a/.env"), regular("jovyan/.config/gcloud/key"), hard("jovyan/innocent", "jovyan/.ssh/id"),
		tar.Header{Typeflag: tar.TypeDir, Name: "jovyan/data/"}, regular("jovyan/data/x"), regular("jovyan/b/data"), regular("jovyan/b/x.tmp"),
	)
	if got, want := namesOf(found), []string{"home/jovyan/a/.env", "home/jovyan/b/data"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if f.special != 3 {
		t.Errorf("%d were found special", f.special)
	}
}

func TestFilterBounds(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*filter){func(f *filter) { f.maxBytes = 13 }, func(f *filter) { f.maxFiles = 1 }} {
		f := newFilter(io.Discard, rules(t, ""))
		change(f)
		if err := f.copy(pack(t, regular("jovyan/a"), regular("jovyan/b")), home); dashboard.KindOf(err) != dashboard.Limit {
			t.Errorf("%v", err)
		}
	}
}

func TestFilterTornArchive(t *testing.T) {
	t.Parallel()
	whole := pack(t, regular("jovyan/a")).Bytes()
	for _, cut := range []int{1, 511, 512 + 3} {
		err := newFilter(io.Discard, rules(t, "")).copy(bytes.NewReader(whole[:cut]), home)
		if _, isTorn := errors.AsType[*torn](err); !isTorn {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	broken := errors.New("nobody reads")
	r, w := io.Pipe()
	r.CloseWithError(broken)
	err := newFilter(w, rules(t, "")).copy(bytes.NewReader(whole), home)
	if _, isTorn := errors.AsType[*torn](err); isTorn || !errors.Is(err, broken) {
		t.Errorf("a failure to write is %v", err)
	}
}

// Whatever comes in: what goes out is an archive of files, folders and links that
// are in the folder and below no link.
func FuzzFilter(f *testing.F) {
	f.Add(pack(f, regular("jovyan/a"), link("jovyan/l", "/"), regular("jovyan/l/x"), hard("jovyan/h", "jovyan/a")).Bytes(), "*.csv\n!/x\n")
	f.Add(pack(f, regular("../a"), tar.Header{Typeflag: tar.TypeChar, Name: "jovyan/c"}).Bytes(), "")
	f.Add(pack(f, tar.Header{Typeflag: tar.TypeReg, Name: "jovyan/p", Format: tar.FormatPAX, PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b"}}).Bytes(), "[a-")
	f.Fuzz(func(t *testing.T, archive []byte, patterns string) {
		parsed, err := ignore.Parse([]byte(patterns))
		if err != nil {
			return
		}
		var out bytes.Buffer
		filter := newFilter(&out, source{home: home, folder: home}.selected(parsed))
		if err := filter.copy(bytes.NewReader(archive), home); err != nil {
			if strings.Contains(err.Error(), "cannot write the archive") {
				t.Errorf("what was taken cannot be written: %v", err)
			}
			return
		}
		if err := filter.out.Close(); err != nil {
			t.Fatal(err)
		}
		links := map[string]bool{}
		for in := tar.NewReader(&out); ; {
			header, err := in.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			name := "/" + strings.TrimSuffix(header.Name, "/")
			if path.Clean(name) != name || !below(name, home) {
				t.Errorf("%q leads out", header.Name)
			}
			for at := path.Dir(name); at != "/"; at = path.Dir(at) {
				if links[at] {
					t.Errorf("%q is below a link", header.Name)
				}
			}
			switch header.Typeflag {
			case tar.TypeReg, tar.TypeDir:
			case tar.TypeSymlink:
				links[name] = true
			case tar.TypeLink:
				if to := "/" + header.Linkname; path.Clean(to) != to || !below(to, home) {
					t.Errorf("%q links to %q", header.Name, header.Linkname)
				}
			default:
				t.Errorf("%q is a %c", header.Name, header.Typeflag)
			}
			if header.Typeflag != tar.TypeDir && header.Mode&0o6000 != 0 {
				t.Errorf("%q has mode %o", header.Name, header.Mode)
			}
		}
	})
}
