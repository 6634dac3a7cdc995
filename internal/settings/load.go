package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// maxFile is more than anybody writes, and less than what hurts.
const maxFile = 1 << 20

// Load reads the operator's file. What it does not say is as Default has it.
// Errors name the file, and where they can the line, what is wrong there and
// what was expected.
func Load(path string) (Settings, error) {
	file, err := os.Open(path) // #nosec G304 -- the path is the operator's
	if err != nil {
		return Settings{}, fmt.Errorf("cannot read the settings %s: %w", path, reason(err))
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return Settings{}, fmt.Errorf("cannot read the settings %s: %w", path, reason(err))
	}
	return parse(path, content)
}

// parse reads the content of a file of that name.
func parse(path string, content []byte) (Settings, error) {
	set := Default()
	if len(content) > maxFile {
		return Settings{}, fmt.Errorf("the settings %s have more than %d bytes: is it the right file?", path, maxFile)
	}
	documents := yaml.NewDecoder(bytes.NewReader(content))
	var root, more yaml.Node
	switch err := documents.Decode(&root); {
	case errors.Is(err, io.EOF):
		return set, nil // an empty file
	case err != nil:
		return Settings{}, fmt.Errorf("%s is not YAML: %w", path, err)
	}
	if err := documents.Decode(&more); !errors.Is(err, io.EOF) {
		return Settings{}, fmt.Errorf("%s has a second document behind the line ---; all settings are in one", path)
	}
	r := reader{path}
	if err := r.decode("", root.Content[0], reflect.ValueOf(&set).Elem()); err != nil {
		return Settings{}, err
	}
	if err := set.check(); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

// reason is a file system's error without the path, which the sentence has.
func reason(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}
