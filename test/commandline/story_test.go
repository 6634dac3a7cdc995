//go:build e2e

package commandline

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// write writes a file into a user's home.
func (s *stage) write(t *testing.T, user, name, content string) {
	t.Helper()
	file := filepath.Join(s.home(user), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// looks is what a user's browser shows at a link.
func (s *stage) looks(t *testing.T, user, link string) string {
	t.Helper()
	session, err := s.Login(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	// To the hub a server is up before its app is.
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		answer, err := session.Get(t.Context(), strings.TrimPrefix(strings.TrimSpace(link), s.URL))
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return string(answer.Body)
		}
	}
}

// TestStory: from "my work" to "here is the link", without a browser.
func TestStory(t *testing.T) {
	ada, ben := shared.person(t, "ada"), shared.person(t, "ben")
	shared.write(t, "ada", "work/sales/index.html", "<h1>Sales of March</h1>")
	if err := shared.StartServer(t.Context(), "ada", "", bed.Server{}); err != nil {
		t.Fatal(err)
	}
	if got := ada.must(t, "choices"); !strings.Contains(got, "static") || !strings.Contains(got, "--server") {
		t.Errorf("got %s", got)
	}
	link := ada.must(t, "create", "Sales 2024", "--folder", "work/sales", "--framework", "static", "--description", "Figures")
	if !strings.HasPrefix(link, shared.service()+"open/") {
		t.Errorf("got %q", link)
	}
	if got := shared.looks(t, "ada", ada.must(t, "open", "sales-2024")); !strings.Contains(got, "Sales of March") {
		t.Errorf("got %s", got)
	}

	// A colleague sees nothing of it until it is shared.
	if code, _, stderr := ben.run(t, "open", "ada/sales-2024"); code != 66 || !strings.Contains(stderr, "there is no dashboard") {
		t.Errorf("got %d, %s", code, stderr)
	}
	ada.must(t, "share", "sales-2024", "ben")
	if got := ben.must(t, "list"); !strings.Contains(got, "Sales 2024  ada") {
		t.Errorf("got %s", got)
	}
	if got := shared.looks(t, "ben", ben.must(t, "open", "sales-2024")); !strings.Contains(got, "Sales of March") {
		t.Errorf("got %s", got)
	}
	if code, _, stderr := ben.run(t, "stop", "sales-2024"); code != 77 {
		t.Errorf("got %d, %s", code, stderr)
	}

	// It does not change while she works on, until it is rebuilt.
	shared.write(t, "ada", "work/sales/index.html", "<h1>Sales of April</h1>")
	ada.must(t, "stop", "sales-2024")
	if got := shared.looks(t, "ben", ben.must(t, "open", "sales-2024")); !strings.Contains(got, "Sales of March") {
		t.Errorf("got %s", got)
	}
	ada.must(t, "rebuild", "sales-2024")
	if got := shared.looks(t, "ben", ben.must(t, "open", "sales-2024")); !strings.Contains(got, "Sales of April") {
		t.Errorf("got %s", got)
	}
	if got := ada.must(t, "revisions", "sales-2024"); strings.Count(got, "\n") < 2 || !strings.Contains(got, "in force") {
		t.Errorf("got %s", got)
	}
	if got := ada.must(t, "log", "sales-2024"); got == "" {
		t.Error("the log is empty")
	}
	ada.must(t, "jobs", "sales-2024")
	ada.must(t, "rename", "sales-2024", "Sales")
	ada.must(t, "edit", "sales", "--description", "More figures")
	ada.must(t, "show", "sales")
	exported := ada.must(t, "export")

	// It moves, and goes.
	shared.write(t, "ada", "dashboards.json", exported)
	ada.must(t, "delete", "sales", "--yes")
	if code, _, _ := ada.run(t, "show", "sales"); code != 66 {
		t.Errorf("it is still there: %d", code)
	}
	ada.must(t, "import", filepath.Join(shared.home("ada"), "dashboards.json"))
	if got := shared.looks(t, "ben", ben.must(t, "open", "sales")); !strings.Contains(got, "Sales of April") {
		t.Errorf("got %s", got)
	}
	ada.must(t, "unshare", "sales", "--all")
	if code, _, _ := ben.run(t, "open", "sales"); code != 66 {
		t.Errorf("ben still opens it: %d", code)
	}
	ada.must(t, "delete", "sales", "-y")
}

// TestABuildThatFails says why, and where there is more.
func TestABuildThatFails(t *testing.T) {
	dan := shared.person(t, "dan")
	shared.write(t, "dan", "x.html", "x")
	code, stdout, stderr := dan.run(t, "create", "Nothing", "--folder", "not/there", "--framework", "static")
	if code == 0 || stdout != "" || !strings.Contains(stderr, "dashboard-builder: ") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

// TestTokens: the real gate and the real hub, with tokens that are not taken.
func TestTokens(t *testing.T) {
	eve := shared.person(t, "eve", "read:users:name!user")
	if code, _, stderr := eve.run(t, "list"); code != 77 || !strings.Contains(stderr, "make one at "+shared.URL+"/hub/token, with the scope access:services!service=dashboards") {
		t.Errorf("got %d, %s", code, stderr)
	}
	eve.env[1] = "DASHBOARD_BUILDER_TOKEN=0123456789abcdef0123456789abcdef"
	if code, _, stderr := eve.run(t, "list"); code != 77 || !strings.Contains(stderr, "is not known to JupyterHub") {
		t.Errorf("got %d, %s", code, stderr)
	}
	eve.env[0] = "DASHBOARD_BUILDER_URL=" + shared.URL + "/services/none/"
	if code, _, stderr := eve.run(t, "list"); code != 69 || !strings.Contains(stderr, "not the Dashboards service") {
		t.Errorf("got %d, %s", code, stderr)
	}
	eve.env[0] = "DASHBOARD_BUILDER_URL=" + shared.URL
	if code, _, stderr := eve.run(t, "list"); code != 69 {
		t.Errorf("got %d, %s", code, stderr)
	}
}

// TestInAServer: in a terminal of a server of the hub's, nothing has to be told.
func TestInAServer(t *testing.T) {
	if err := shared.StartServer(t.Context(), "fay", "", bed.Server{}); err != nil {
		t.Fatal(err)
	}
	environ, err := os.ReadFile(filepath.Join(shared.home("fay"), "environment"))
	if err != nil {
		t.Fatal(err)
	}
	fay := &person{shared, "fay", strings.Split(strings.TrimSuffix(string(environ), "\x00"), "\x00")}
	shared.write(t, "fay", "site/index.html", "<h1>Fay</h1>")
	link := fay.must(t, "create", "Site", "--folder", "site", "--framework", "static", "--private")
	if !strings.HasPrefix(link, shared.service()+"open/") {
		t.Errorf("got %q", link)
	}
	fay.must(t, "delete", "site", "--yes")
}
