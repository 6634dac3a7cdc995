package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// assets are the scripts and styles. They share one version, the hash of all, so
// that a script's imports need not know each other's.
type assets struct {
	version string
	files   map[string]asset
}

type asset struct {
	content       string
	plain, zipped []byte
}

// assetTypes are not left to the machine's own table of types.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// readAssets compresses them once.
func readAssets() (assets, error) {
	found := assets{files: map[string]asset{}}
	all := sha256.New()
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		plain, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		content, ok := assetTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("%s has no type of content", name)
		}
		fmt.Fprintf(all, "%s %d\n", name, len(plain))
		all.Write(plain)
		var zipped bytes.Buffer
		writer, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression) // the level is valid
		_, _ = writer.Write(plain)                                      // a buffer takes everything
		_ = writer.Close()
		found.files[path.Base(name)] = asset{content, plain, zipped.Bytes()}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("cannot read the page's scripts and styles: %w", err)
	}
	found.version = hex.EncodeToString(all.Sum(nil))[:16]
	return found, nil
}

// showAsset sends a script or a style. Pages are not compressed in the same way:
// they hold what proves a form to be ours beside what others wrote, and their
// length would tell of it (CVE-2013-3587).
func (s *site) showAsset(w http.ResponseWriter, v *visit) error {
	found, ok := s.assets.files[v.PathValue("name")]
	if !ok || v.PathValue("version") != s.assets.version {
		http.NotFound(w, v.Request)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", found.content)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := found.plain
	if takesGzip(v.Header) {
		h.Set("Content-Encoding", "gzip")
		body = found.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error is a visitor who has gone
	return nil
}

// takesGzip looks for gzip without a weight of nought, which is all that browsers
// send.
func takesGzip(h http.Header) bool {
	for _, coding := range strings.Split(h.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
