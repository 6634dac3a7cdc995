package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, content string, status int, value any) {
	var body bytes.Buffer
	_ = json.NewEncoder(&body).Encode(value) // types of our own can be encoded
	w.Header().Set("Content-Type", content)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // an error is a visitor who has gone
}

// readBody reads a body of one of these types of content.
func (s *site) readBody(r *http.Request, contents ...string) ([]byte, error) {
	sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(contents, sent) {
		return nil, refused(http.StatusUnsupportedMediaType, "The Content-Type has to be %s, and is %q.", strings.Join(contents, " or "), r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, s.malformed(err)
	}
	return body, nil
}

// decode reads one JSON value, and nothing else, into a struct that knows all of
// its fields.
func decode(body []byte, into any) error {
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.DisallowUnknownFields()
	err := reader.Decode(into)
	if err == nil {
		if _, more := reader.Token(); !errors.Is(more, io.EOF) {
			return refused(http.StatusBadRequest, "After the JSON value, there is something else in the body.")
		}
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return inField(wrong.Field, refused(http.StatusBadRequest, "The field %q is a %s, and should be a %s.", wrong.Field, wrong.Value, kindOf(wrong.Type)))
	}
	// encoding/json has no type for this error.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, _ = strconv.Unquote(name)
		return inField(name, refused(http.StatusBadRequest, "There is no field %q%s.", name, suggest.DidYouMean(name, fieldsOf(reflect.TypeOf(into)))))
	}
	if errors.Is(err, io.EOF) {
		return refused(http.StatusBadRequest, "The body is empty, and should be a JSON object.")
	}
	return refused(http.StatusBadRequest, "The body is not JSON: %s.", strings.TrimPrefix(err.Error(), "json: "))
}

func inField(name string, err error) error {
	if wrong, ok := errors.AsType[*refusal](err); ok {
		wrong.err.Field = name
	}
	return err
}

// kindOf is what JSON calls a type.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Pointer:
		return kindOf(t.Elem())
	}
	return "number"
}

// fieldsOf are the names that a JSON object of this type has, at any depth.
func fieldsOf(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(append(names, name), fieldsOf(field.Type)...)
	}
	return names
}

// merge makes of a JSON value what a merge patch says (RFC 7396 section 2).
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := target.(map[string]any)
	if !ok {
		merged = map[string]any{}
	}
	for name, change := range changes {
		if change == nil {
			delete(merged, name)
			continue
		}
		merged[name] = merge(merged[name], change)
	}
	return merged
}
