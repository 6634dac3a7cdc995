package main

import (
	"encoding/json"
	"net/http"
	"os"
)

// controls is the test's way in, past whatever stands before the recorder.
func controls(kept *record) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connections", func(w http.ResponseWriter, _ *http.Request) {
		kept.mutex.Lock()
		text, err := json.Marshal(kept.connections)
		kept.mutex.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(text) // a test that is gone needs no answer
	})
	mux.HandleFunc("GET /later", func(w http.ResponseWriter, _ *http.Request) {
		kept.mutex.Lock()
		defer kept.mutex.Unlock()
		_ = json.NewEncoder(w).Encode(kept.later) // as above
	})
	mux.HandleFunc("GET /environment", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(append(os.Environ(), os.Args...)) // as above
	})
	return mux
}
