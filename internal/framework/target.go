package framework

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// maxNames is how many names of files a message shows.
const maxNames = 5

// CheckTarget looks whether what is to be shown is there, at the path that
// PresentationPath became, and is of a kind that the framework takes. A module
// that is found by its name is not looked for.
func (l Launch) CheckTarget(path string) error {
	if l.PresentationPath == "" {
		return nil
	}
	f := l.framework
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is to show %s, which is not there%s", f.subject(), path, neighbours(path, f.Target))
	case err != nil:
		return fmt.Errorf("%s is to show %s, which cannot be looked at: %w", f.subject(), path, reason(err))
	case info.IsDir() && !f.Target.Folder:
		return fmt.Errorf("%s is to show %s, which is a folder, but takes %s%s", f.subject(), path, f.Target, content(path, f.Target))
	case info.IsDir():
		_, err = os.ReadDir(path)
	case !info.Mode().IsRegular(): // to open a pipe is to wait for its other end
		return fmt.Errorf("%s is to show %s, which is neither a file nor a folder", f.subject(), path)
	case !slices.Contains(f.Target.Files, filepath.Ext(path)):
		return fmt.Errorf("%s is to show %s, which is a file, but takes %s", f.subject(), path, f.Target)
	default:
		err = readable(path)
	}
	if err != nil {
		return fmt.Errorf("%s is to show %s, which cannot be read: %w", f.subject(), path, reason(err))
	}
	return nil
}

func readable(path string) error {
	file, err := os.Open(path) // #nosec G304 -- the path is the operator's, and nothing of the file is read
	if err != nil {
		return err
	}
	return file.Close()
}

// neighbours says what is there instead, as the end of a sentence.
func neighbours(path string, target Target) string {
	folder := filepath.Dir(path)
	names, err := fitting(folder, target)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf(": there is no folder %s", folder)
	}
	if err != nil {
		return ""
	}
	if near := suggest.Nearest(filepath.Base(path), names); len(near) > 0 {
		return fmt.Sprintf(": did you mean %s?", enumerate(near[:min(len(near), maxNames)]))
	}
	return content(folder, target)
}

// content lists what a folder has that could be meant.
func content(folder string, target Target) string {
	names, err := fitting(folder, target)
	if err != nil || len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > maxNames {
		more, names = fmt.Sprintf(" and %d more", len(names)-maxNames), names[:maxNames]
	}
	return fmt.Sprintf("; in %s there is %s%s", folder, strings.Join(names, ", "), more)
}

// fitting are the names in a folder that a framework takes, in order.
func fitting(folder string, target Target) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case entry.IsDir() && target.Folder:
			names = append(names, name+"/")
		case !entry.IsDir() && slices.Contains(target.Files, filepath.Ext(name)):
			names = append(names, name)
		}
	}
	return names, nil
}

// reason is a file system's error without the path, which the sentence has.
func reason(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
