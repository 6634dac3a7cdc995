package store

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// checkTexts refuses what PostgreSQL cannot hold, for SQLite too, so that a
// database can be moved from one to the other.
func checkTexts(values ...any) error {
	for _, value := range values {
		if text, ok := value.(string); ok && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			return dashboard.Errorf(dashboard.Invalid, "The text %.60q holds the character NUL, or is not valid UTF-8. It cannot be kept like that; write it without.", text)
		}
	}
	return nil
}

// clean makes what programs say fit to be kept, instead of refusing it: a job
// must be able to end with whatever its failure is.
func clean(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}

// list writes texts as JSON.
func list(texts []string) (string, error) {
	if len(texts) == 0 {
		return "[]", nil
	}
	for _, text := range texts {
		if err := checkTexts(text); err != nil {
			return "", err
		}
	}
	written, err := json.Marshal(texts)
	return string(written), err
}

// readList is the other way round. Nothing is nil.
func readList(written string) (texts []string, err error) {
	if written == "[]" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(written), &texts)
	return texts, err
}

// options writes what is handed to the spawner.
func options(given map[string]any) (string, error) {
	if len(given) == 0 {
		return "{}", nil
	}
	written, err := json.Marshal(given)
	if err != nil {
		return "", dashboard.InvalidField("options", "The options are no JSON values: %w", err)
	}
	return string(written), nil
}

// readOptions is the other way round. Nothing is nil.
func readOptions(written string) (given map[string]any, err error) {
	if written == "{}" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(written), &given)
	return given, err
}
