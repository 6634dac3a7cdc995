package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// reported is how much of a body is sent back.
const reported = 1 << 20

// report is what the app received, and where.
type report struct {
	Method string `json:"method"`
	// URI is the request line's, byte for byte.
	URI   string `json:"uri"`
	Proto string `json:"proto"`
	Host  string `json:"host"`
	// Headers are in the order and spelling of the wire.
	Headers [][2]string `json:"headers"`
	// Body is in base64, as encoding/json writes bytes; at most the first MiB.
	Body     []byte `json:"body"`
	BodySize int64  `json:"body_size"`
	// Environment holds the app's variables whose names begin with JUPYTERHUB,
	// Names those of all.
	Environment map[string]string `json:"environment"`
	Names       []string          `json:"names"`
	Process     int               `json:"process"`
}

func (a *app) report(w http.ResponseWriter, r *http.Request) {
	said := a.about(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, reported))
	if err == nil {
		said.Body = body
		var rest int64
		rest, err = io.Copy(io.Discard, r.Body)
		said.BodySize = int64(len(body)) + rest
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("echo: the body broke off: %v", err), http.StatusBadRequest)
		return
	}
	writeJSON(w, said)
}

// about reports a request without its body.
func (a *app) about(r *http.Request) report {
	said := report{
		Method: r.Method, URI: r.RequestURI, Proto: r.Proto, Host: r.Host,
		Headers: rawHeaders(r), Environment: map[string]string{}, Process: a.process,
	}
	for _, variable := range a.environment {
		name, value, _ := strings.Cut(variable, "=")
		said.Names = append(said.Names, name)
		if strings.HasPrefix(name, "JUPYTERHUB") {
			said.Environment[name] = value
		}
	}
	return said
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// The visitor may be gone; then there is nobody to tell.
	_ = json.NewEncoder(w).Encode(value)
}
