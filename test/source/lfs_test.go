//go:build e2e

package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// largeFiles is a server of git-lfs (its api/batch.md): it says where an object
// is, and gives it out.
type largeFiles struct {
	url     string
	objects map[string]string // id to content
}

func (l *largeFiles) serve(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case strings.HasSuffix(r.URL.Path, "/info/lfs/objects/batch"):
		var asked struct {
			Objects []struct {
				OID  string `json:"oid"`
				Size int    `json:"size"`
			} `json:"objects"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return true
		}
		var objects []map[string]any
		for _, object := range asked.Objects {
			answer := map[string]any{"oid": object.OID, "size": object.Size}
			if _, ok := l.objects[object.OID]; ok {
				answer["actions"] = map[string]any{"download": map[string]any{"href": l.url + "/objects/" + object.OID}}
			} else {
				answer["error"] = map[string]any{"code": 404, "message": "no such object"}
			}
			objects = append(objects, answer)
		}
		w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
		_ = json.NewEncoder(w).Encode(map[string]any{"transfer": "basic", "objects": objects})
	case strings.HasPrefix(r.URL.Path, "/objects/"):
		_, _ = w.Write([]byte(l.objects[strings.TrimPrefix(r.URL.Path, "/objects/")]))
	default:
		return false
	}
	return true
}

// add puts a large file into a repository without git-lfs having a hand in it.
func (l *largeFiles) add(w *world, folder, name, content string) {
	sum := sha256.Sum256([]byte(content))
	id := hex.EncodeToString(sum[:])
	l.objects[id] = content
	write(w.t, filepath.Join(folder, ".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n")
	w.commit(folder, name, pointer(id, len(content)))
}

func pointer(id string, size int) string {
	sized, _ := json.Marshal(size)
	return "version https://git-lfs.github.com/spec/v1\noid sha256:" + id + "\nsize " + string(sized) + "\n"
}

func TestLargeFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newServer(t, w.repositories, false)
	s.password = secret
	l := &largeFiles{url: s.URL, objects: map[string]string{}}
	s.before = func(answer http.ResponseWriter, r *http.Request) bool {
		if _, password, _ := r.BasicAuth(); password != secret && !strings.HasPrefix(r.URL.Path, "/objects/") {
			return false // asks for it
		}
		return l.serve(answer, r)
	}
	l.add(w, folder, "a.bin", strings.Repeat("large ", 1000))
	source := w.source(s.URL+"/x", "GIT_TOKEN="+secret)
	if steps := strings.Join(w.pull(source), "\n"); !strings.Contains(steps, "Downloading LFS objects 100") {
		t.Errorf("it told %s", steps)
	}
	w.wants("a.bin", strings.Repeat("large ", 1000))
	if status := w.git(w.folder, "status", "--porcelain"); status != "" {
		t.Errorf("git takes it for changed: %s", status)
	}

	l.add(w, folder, "a.bin", strings.Repeat("larger ", 1000))
	l.add(w, folder, "b.bin", "b")
	w.pull(source)
	w.wants("a.bin", strings.Repeat("larger ", 1000))
	w.wants("b.bin", "b")

	// The user's large file stays, as one.
	write(t, w.folder+"/a.bin", "mine")
	l.add(w, folder, "a.bin", "theirs")
	w.pull(source)
	w.wants("a.bin", "mine")
	if stored := w.git(w.folder, "cat-file", "blob", "HEAD:a.bin"); !strings.HasPrefix(stored, "version https://git-lfs") {
		t.Errorf("it was committed as %.100q", stored)
	}
	w.kept()

	// One that is not to be had is no file.
	w.commit(folder, "lost.bin", pointer(strings.Repeat("0", 64), 5))
	err := source.Pull(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "git-lfs") {
		t.Errorf("ended with %v", err)
	}
}

// Without git-lfs there are pointers, and a warning; also where git is
// configured to use it.
func TestLargeFilesWithoutLFS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newServer(t, w.repositories, false)
	l := &largeFiles{url: s.URL, objects: map[string]string{}}
	l.add(w, folder, "a.bin", "large")
	bin := filepath.Join(t.TempDir(), "bin")
	for _, name := range []string{"git", "sh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, w.home+"/.gitconfig", "[filter \"lfs\"]\n\tprocess = git-lfs filter-process\n\trequired = true\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n")
	source := w.source(s.URL+"/x", "PATH="+bin)
	for _, news := range []string{"more", "even more"} {
		w.pull(source)
		content, err := os.ReadFile(w.folder + "/a.bin")
		if err != nil || !strings.HasPrefix(string(content), "version https://git-lfs") {
			t.Errorf("it is %.100q, %v", content, err)
		}
		w.commit(folder, "more", news)
	}
	if !strings.Contains(w.log.String(), "git-lfs, which is not installed") {
		t.Error("did not warn")
	}
}
