package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// pictureTypes are those that the service makes of what is sent.
var pictureTypes = []string{"image/png", "image/jpeg", "image/webp"}

// showPicture is a dashboard's picture for pages. Its address changes with it, so
// a browser may keep it.
func (s *site) showPicture(w http.ResponseWriter, v *visit) error {
	return s.writePicture(w, v, "private, max-age=31536000, immutable")
}

func (s *site) getThumbnail(w http.ResponseWriter, v *visit) error {
	return s.writePicture(w, v, "no-store")
}

func (s *site) writePicture(w http.ResponseWriter, v *visit, cache string) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	found, err := s.Service.Thumbnail(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	if !slices.Contains(pictureTypes, found.Type) || len(found.Content) == 0 {
		return s.notFound("error.no_picture")
	}
	h := w.Header()
	h.Set("Content-Type", found.Type)
	h.Set("Content-Length", strconv.Itoa(len(found.Content)))
	h.Set("Cache-Control", cache)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // whatever is in it, it does nothing
	_, _ = w.Write(found.Content)                                   // an error is a visitor who has gone
	return nil
}

func (s *site) putThumbnail(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	content, err := s.readBody(v.Request, pictureTypes...)
	if err != nil {
		return err
	}
	if len(content) == 0 {
		return dashboard.InvalidField("thumbnail", "The picture is empty. To take it away, send DELETE.")
	}
	return s.setThumbnail(w, v, id, content)
}

func (s *site) deleteThumbnail(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	return s.setThumbnail(w, v, id, nil)
}

func (s *site) setThumbnail(w http.ResponseWriter, v *visit, id string, content []byte) error {
	if err := s.Service.SetThumbnail(v.Context(), v.who, id, content); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
