package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Thumbnail is a dashboard's picture. Errors: ErrNotFound.
func (s *Store) Thumbnail(ctx context.Context, id string) (dashboard.Picture, error) {
	var found dashboard.Picture
	err := s.reader().row(ctx, `SELECT type, content FROM thumbnails WHERE dashboard = $1`, id).Scan(&found.Type, &found.Content)
	return found, s.explain(ctx, "read the picture", err)
}

// SetThumbnail replaces it, and Dashboard.Thumbnail with it; a Picture without
// content takes it away. Errors: ErrNotFound.
func (s *Store) SetThumbnail(ctx context.Context, id string, picture dashboard.Picture) error {
	return s.change(ctx, "keep the picture", func(q querier) error {
		changed, err := q.exec(ctx, `UPDATE dashboards SET thumbnail = $1 WHERE id = $2`, fingerprint(picture), id)
		if err != nil {
			return err
		}
		if changed == 0 {
			return dashboard.ErrNotFound
		}
		if len(picture.Content) == 0 {
			_, err = q.exec(ctx, `DELETE FROM thumbnails WHERE dashboard = $1`, id)
			return err
		}
		_, err = q.exec(ctx, insert("thumbnails", "dashboard, type, content")+` ON CONFLICT (dashboard)
			DO UPDATE SET type = excluded.type, content = excluded.content`, id, picture.Type, picture.Content)
		return err
	})
}

// fingerprint is short, and no two pictures have the same.
func fingerprint(picture dashboard.Picture) string {
	if len(picture.Content) == 0 {
		return ""
	}
	kind := ""
	if picture.Automatic {
		kind = dashboard.AutomaticPicture
	}
	sum := sha256.Sum256(append([]byte(picture.Type+"\n"), picture.Content...))
	return kind + hex.EncodeToString(sum[:8])
}
