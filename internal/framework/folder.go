package framework

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
)

// folderGrace is what downloads that run get when the server ends.
const folderGrace = 5 * time.Second

// ServeFolder serves a folder's files on a unix socket until ctx ends: the app
// of the preset "static". It owns the socket's path, and removes what is left
// there of an earlier run. Log takes what net/http has to say.
func ServeFolder(ctx context.Context, socket, folder string, log *slog.Logger) error {
	handler, err := NewFolder(folder)
	if err != nil {
		return err
	}
	defer handler.Close()
	if info, err := os.Lstat(socket); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(socket); err != nil {
			return fmt.Errorf("cannot remove the old socket %s: %w", socket, reason(err))
		}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("cannot listen on the unix socket %s: %w", socket, err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), folderGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// Folder is a handler that shows the files of a folder: no names with a dot in
// front, nor anything below such, and nothing outside of the folder, whatever a
// symbolic link in it says. Parts of files and conditional requests are
// answered as they should be (RFC 9110, sections 13 and 14).
type Folder struct {
	root  *os.Root
	files http.Handler
}

// NewFolder opens a folder. Close it when it is no longer needed.
func NewFolder(folder string) (*Folder, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot serve the folder %s: %w", folder, reason(err))
	}
	return &Folder{root: root, files: http.FileServerFS(shownFiles{root.FS()})}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() error { return f.root.Close() }

func (f *Folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 only GET and HEAD are answered here", http.StatusMethodNotAllowed)
		return
	}
	// What is here is for whoever may enter, and what a file says now is asked
	// each time: a dashboard is written anew every night.
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	f.files.ServeHTTP(w, r)
}

// shownFiles is a file system without its hidden names.
type shownFiles struct{ all fs.FS }

func (s shownFiles) Open(name string) (fs.File, error) {
	if isHidden(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	// Looked at before it is opened: a pipe would wait for somebody to write.
	info, err := fs.Stat(s.all, name)
	if err == nil && (info.IsDir() || info.Mode().IsRegular()) {
		var file fs.File
		if file, err = s.all.Open(name); err == nil {
			if folder, ok := file.(fs.ReadDirFile); ok && info.IsDir() {
				return &shownFolder{folder}, nil
			}
			return file, nil
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	// That it is a link that leads out, or in a circle, is nobody's business.
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// shownFolder is a folder that lists no hidden names.
type shownFolder struct{ fs.ReadDirFile }

func (f *shownFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := f.ReadDirFile.ReadDir(n)
	shown := entries[:0]
	for _, entry := range entries {
		if !isHidden(entry.Name()) {
			shown = append(shown, entry)
		}
	}
	return shown, err
}

// isHidden says whether any part of a path begins with a dot.
func isHidden(name string) bool {
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if part != "." && strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}
